//! What holds for the page without a browser: its size, and that it brings nothing that its policy forbids.

use std::fs;
use std::path::{Path, PathBuf};

/// What the three files may weigh together, as they are served without compression.
const LIMIT: usize = 60_000;

fn dashboard() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashboard")
}

fn read(path: &str) -> String {
    fs::read_to_string(dashboard().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The parts of the script.
fn parts() -> Vec<(String, String)> {
    let folder = dashboard().join("assets/app");
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("the parts of the script")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a plain name")
        })
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let text = read(&format!("assets/app/{name}"));
            (name, text)
        })
        .collect()
}

#[test]
fn the_page_weighs_at_most_sixty_kilobytes() {
    let script: usize = parts().iter().map(|(_, text)| text.len()).sum();
    let (style, page) = (
        read("assets/app.css").len(),
        read("assets/index.html").len(),
    );
    let total = script + style + page;
    assert!(
        total <= LIMIT,
        "{total} bytes of at most {LIMIT}: script {script}, style {style}, page {page}"
    );
}

#[test]
fn every_part_of_the_script_is_served() {
    let served = read("src/page.rs");
    for (name, _) in parts() {
        assert!(
            served.contains(&format!("\"../assets/app/{name}\"")),
            "{name} is not in dashboard/src/page.rs"
        );
    }
}

#[test]
fn nothing_is_inline_and_nothing_is_of_another_origin() {
    let page = read("assets/index.html");
    for forbidden in [" style=", "<style", "javascript:", "//"] {
        assert!(!page.contains(forbidden), "{forbidden:?} in index.html");
    }
    let handler = page
        .split_whitespace()
        .find(|word| word.starts_with("on") && word.contains('='));
    assert_eq!(handler, None, "an inline handler in index.html");
    assert_eq!(
        page.matches("<script").count(),
        1,
        "the one script has an address"
    );
    let style = read("assets/app.css");
    for forbidden in ["url(", "@import"] {
        assert!(!style.contains(forbidden), "{forbidden} in app.css");
    }
}

#[test]
fn the_script_never_makes_markup_of_text() {
    for (name, text) in parts() {
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "eval(",
            "new Function",
        ] {
            assert!(!text.contains(forbidden), "{forbidden} in {name}");
        }
        let addresses = text.matches("://").count();
        let of_svg = text.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(addresses, of_svg, "{name} has an address of another origin");
    }
}

#[test]
fn the_readme_shows_every_screenshot_and_each_is_small() {
    let readme = read("README.md");
    let mut seen = 0;
    for entry in fs::read_dir(dashboard().join("docs")).expect("the folder of screenshots") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a plain name");
        assert!(
            readme.contains(&format!("docs/{name}")),
            "{name} is not in the README"
        );
        let size = entry.metadata().expect("its size").len();
        assert!(size < 300_000, "{name} has {size} bytes");
        seen += 1;
    }
    assert_eq!(seen, 4, "light and dark, wide and narrow");
}
