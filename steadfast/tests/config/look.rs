//! What a configuration may come to, whatever its sources say; the fuzz target has this file too.

use steadfast::config::{Loader, describe};

/// Loads it, and looks at everything that can come of it.
pub(crate) fn look(loader: &Loader) {
    match loader.load() {
        Ok(loaded) => {
            let told = describe(&loaded).to_string();
            let is_whole =
                |line: &str| line.starts_with("# ") || line.contains(" = ") && line.contains(" # ");
            assert!(!told.is_empty() && told.lines().all(is_whole), "{told}");
        }
        Err(errors) => {
            assert!(!errors.problems().is_empty());
            assert_eq!(
                errors.to_string().lines().count(),
                errors.problems().len(),
                "{errors}"
            );
        }
    }
}
