//! Files that are looked at.

use std::time::Duration;

use steadfast::config::Loader;
use steadfast::supervisor::Supervisor;
use steadfast::telemetry::EventKind;

use super::{file, limit};
use crate::support::{Folder, LONG, until, write};

/// A supervisor that looks at its file all the time.
async fn watching(path: &std::path::Path) -> Supervisor {
    let builder = Supervisor::builder().file(path);
    let builder = builder.watch(Some(Duration::from_millis(5)));
    builder.start().await.unwrap()
}

#[tokio::test]
async fn a_file_that_is_written_renamed_over_or_turned_to_elsewhere_is_read_again() {
    let folder = Folder::new();
    let path = folder.write("app.toml", &file(1));
    let supervisor = watching(&path).await;
    assert_eq!(limit(&supervisor), 1);

    write(&path, &file(2));
    until("written", || limit(&supervisor) == 2).await;

    // As editors do.
    let beside = folder.write(".app.toml.swp", &file(3));
    std::fs::rename(beside, &path).unwrap();
    until("renamed over", || limit(&supervisor) == 3).await;

    // Gone for a moment, and back.
    std::fs::remove_file(&path).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(limit(&supervisor), 3);
    write(&path, &file(4));
    until("back", || limit(&supervisor) == 4).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_is_turned_to_another_directory_is_seen() {
    use std::os::unix::fs::symlink;
    // As a `ConfigMap` is mounted: app.toml -> ..data/app.toml, ..data -> ..version, and ..data is replaced.
    let folder = Folder::new();
    for (version, limit) in [("..1", 1), ("..2", 2)] {
        std::fs::create_dir(folder.path(version)).unwrap();
        write(&folder.path(version).join("app.toml"), &file(limit));
    }
    symlink("..1", folder.path("..data")).unwrap();
    symlink("..data/app.toml", folder.path("app.toml")).unwrap();
    let supervisor = watching(&folder.path("app.toml")).await;
    assert_eq!(limit(&supervisor), 1);
    symlink("..2", folder.path("..tmp")).unwrap();
    std::fs::rename(folder.path("..tmp"), folder.path("..data")).unwrap();
    until("turned", || limit(&supervisor) == 2).await;
}

#[tokio::test]
async fn a_file_that_is_half_written_changes_nothing_and_is_told_once() {
    let folder = Folder::new();
    let path = folder.write("app.toml", &file(1));
    let supervisor = watching(&path).await;
    let mut events = supervisor.telemetry().subscribe(EventKind::Notice);
    write(
        &path,
        "[bulkheads.llm_requests]\nmax_concurrent = 2\n[bulkheads.stoc",
    );
    let told = tokio::time::timeout(LONG, events.recv()).await;
    let told = told.unwrap().unwrap().to_string();
    assert!(told.contains("not applied, nothing has changed"), "{told}");
    assert!(told.contains("app.toml:3:"), "{told}");
    assert_eq!(limit(&supervisor), 1);
    // Many looks later.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(events.try_recv().is_none());
    write(&path, &file(2));
    until("whole", || limit(&supervisor) == 2).await;
}

#[tokio::test]
async fn an_optional_file_that_disappears_changes_nothing_and_may_come_back() {
    let folder = Folder::new();
    let path = folder.write("app.toml", &file(2));
    let never = folder.path("never.toml");
    let loader = Loader::new().optional_file(&never).optional_file(&path);
    let builder = Supervisor::builder().loader(loader);
    let builder = builder.watch(Some(Duration::from_millis(5)));
    let supervisor = builder.start().await.unwrap();
    let mut events = supervisor.telemetry().subscribe(EventKind::Notice);
    std::fs::remove_file(&path).unwrap();
    let told = tokio::time::timeout(LONG, events.recv()).await;
    let told = told.unwrap().unwrap().to_string();
    assert!(told.contains("not applied, nothing has changed"), "{told}");
    assert!(told.contains("app.toml: the file was there"), "{told}");
    assert_eq!(limit(&supervisor), 2);
    supervisor.reload().await.unwrap_err();
    write(&path, &file(4));
    until("back", || limit(&supervisor) == 4).await;
    // One that is new is welcome, and must be there from then on.
    write(&never, "[bulkheads.stock]\n");
    until("new", || supervisor.bulkhead("stock").is_ok()).await;
    std::fs::remove_file(&never).unwrap();
    supervisor.reload().await.unwrap_err();
}
