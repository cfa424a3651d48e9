//! Who loads, and when.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use steadfast::config::Config;
use steadfast::supervisor::{ReloadError, Supervisor};

use super::{file, limit};
use crate::support::{LONG, config, started, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_reloads_never_run_at_a_time() {
    let loads = Arc::<AtomicUsize>::default();
    let inside = Arc::<AtomicBool>::default();
    let overlapped = Arc::<AtomicBool>::default();
    let load = {
        let (loads, inside, overlapped) = (
            Arc::clone(&loads),
            Arc::clone(&inside),
            Arc::clone(&overlapped),
        );
        move || {
            if inside.swap(true, Ordering::SeqCst) {
                overlapped.store(true, Ordering::SeqCst);
            }
            loads.fetch_add(1, Ordering::SeqCst);
            std::thread::yield_now();
            inside.store(false, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Config::default())
        }
    };
    let builder = Supervisor::builder().load_with([] as [&str; 0], load);
    let supervisor = builder.start().await.unwrap();
    let reloads = (0..50).map(|_| {
        let supervisor = supervisor.clone();
        tokio::spawn(async move { supervisor.reload().await.unwrap().is_unchanged() })
    });
    for reload in reloads.collect::<Vec<_>>() {
        assert!(reload.await.unwrap());
    }
    assert_eq!(loads.load(Ordering::SeqCst), 51);
    assert!(!overlapped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_loader_that_panics_changes_nothing() {
    let first = AtomicBool::new(true);
    let load = move || {
        assert!(first.swap(false, Ordering::SeqCst), "cannot read");
        Ok::<_, std::io::Error>(Config::default())
    };
    let builder = Supervisor::builder().load_with([] as [&str; 0], load);
    let supervisor = builder.start().await.unwrap();
    let error = supervisor.reload().await.unwrap_err();
    assert!(matches!(error, ReloadError::Load(_)), "{error}");
    let unread = started("").await.reload().await.unwrap_err();
    assert_eq!(unread.to_string(), "there is no file to read again");
}

/// A supervisor whose loader, from the second time on, says that it is at work and waits to be let go.
async fn held_up() -> (Supervisor, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (began, beginning) = mpsc::channel();
    let (let_go, go) = mpsc::channel();
    let go = std::sync::Mutex::new(go);
    let first = AtomicBool::new(true);
    let load = move || {
        if !first.swap(false, Ordering::SeqCst) {
            let _ = began.send(());
            // A test that fails lets go of nothing.
            let _ = go.lock().unwrap().recv_timeout(Duration::from_secs(20));
        }
        Ok::<_, std::io::Error>(config("[bulkheads.llm_requests]\nmax_concurrent = 3"))
    };
    let builder = Supervisor::builder().load_with([] as [&str; 0], load);
    (builder.start().await.unwrap(), beginning, let_go)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_that_is_dropped_lets_nobody_load_at_the_same_time() {
    let (supervisor, began, let_go) = held_up().await;
    let reload = |supervisor: &Supervisor| {
        let supervisor = supervisor.clone();
        tokio::spawn(async move { supervisor.reload().await })
    };
    let dropped = reload(&supervisor);
    until("loading", || began.try_recv().is_ok()).await;
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());

    let next = reload(&supervisor);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(began.try_recv().is_err(), "two are loading");
    // Settings from elsewhere need no loader.
    supervisor.apply(config(&file(7))).await.unwrap();
    assert_eq!(limit(&supervisor), 7);
    let_go.send(()).unwrap();
    until("loading", || began.try_recv().is_ok()).await;
    assert_eq!(limit(&supervisor), 7, "nobody waits for what was dropped");
    let_go.send(()).unwrap();
    next.await.unwrap().unwrap();
    assert_eq!(limit(&supervisor), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loader_that_takes_for_ever_holds_up_no_shutdown_and_changes_nothing_after_it() {
    let (supervisor, began, let_go) = held_up().await;
    supervisor.apply(config(&file(7))).await.unwrap();
    let reloads = [(); 2].map(|()| {
        let supervisor = supervisor.clone();
        tokio::spawn(async move { supervisor.reload().await })
    });
    until("loading", || began.try_recv().is_ok()).await;
    let report = supervisor.shutdown().await;
    assert!(report.is_clean(), "{report}");
    for reload in reloads {
        let ended = tokio::time::timeout(LONG, reload).await;
        let error = ended.unwrap().unwrap().unwrap_err();
        assert!(matches!(error, ReloadError::Stopping), "{error}");
    }
    let_go.send(()).unwrap();
    drop(let_go);
    assert_eq!(limit(&supervisor), 7);
}
