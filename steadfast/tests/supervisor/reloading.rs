//! Other settings while everything runs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use steadfast::breaker::State;
use steadfast::config::{Config, Loader};
use steadfast::supervisor::{Change, ReloadError, Supervisor};
use steadfast::telemetry::EventKind;

use super::support::{Folder, config, started, until, write};

fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().map(Change::to_string).collect()
}

const BEFORE: &str = "
    [circuit_breakers.payments]
    failure_threshold = 2
    [retries.payments]
    max_attempts = 4
    [bulkheads.payments]
    max_concurrent = 3
    ";

#[tokio::test(start_paused = true)]
async fn settings_change_in_place_and_counts_and_calls_in_flight_stay() {
    let supervisor = started(BEFORE).await;
    let breaker = supervisor.breaker("payments").unwrap();
    let bulkhead = supervisor.bulkhead("payments").unwrap();
    let retry = supervisor.retry("payments").unwrap();
    for _ in 0..2 {
        let call = breaker.call(|| async { Err::<(), _>("refused") });
        call.await.unwrap_err();
    }
    let places = [(); 2].map(|()| bulkhead.try_acquire().unwrap());
    let in_flight = places.len();
    let report = supervisor
        .apply(config(
            "[circuit_breakers.payments]
             failure_threshold = 20
             [retries.payments]
             max_attempts = 2
             [bulkheads.payments]
             max_concurrent = 2
             max_waiting = 0
             [shutdown]
             grace = '20s'",
        ))
        .await
        .unwrap();
    assert_eq!(
        lines(&report.applied),
        [
            "bulkheads.payments.max_concurrent: 3 -> 2",
            "bulkheads.payments.max_waiting: 100 -> 0",
            "circuit_breakers.payments.failure_threshold: 2 -> 20",
            "retries.payments.max_attempts: 4 -> 2",
            "shutdown.grace: \"10s\" -> \"20s\"",
        ]
    );
    assert!(
        report.needs_restart.is_empty() && report.unchanged > 50,
        "{report}"
    );
    assert_eq!(breaker.config().failure_threshold, Some(20));
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.snapshot().totals.failure, 2);
    assert_eq!(bulkhead.snapshot().busy, in_flight);
    bulkhead.try_acquire().unwrap_err();
    assert_eq!(retry.config().max_attempts, 2);
    assert!(supervisor.breaker("payments").unwrap().ptr_eq(&breaker));
    assert_eq!(supervisor.config().shutdown.grace, Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn settings_that_are_wrong_change_nothing_not_even_those_that_are_right() {
    let supervisor = started(BEFORE).await;
    let mut events = supervisor.telemetry().subscribe(EventKind::Notice);
    let mut wrong = config(BEFORE);
    wrong.shutdown.grace = Duration::from_secs(99);
    wrong.bulkheads.get_mut("payments").unwrap().max_concurrent = 9;
    wrong.retries.get_mut("payments").unwrap().max_attempts = 0;
    wrong
        .circuit_breakers
        .get_mut("payments")
        .unwrap()
        .success_threshold = 0;
    let error = supervisor.apply(wrong).await.unwrap_err();
    let ReloadError::Settings(problems) = &error else {
        panic!("{error}");
    };
    let parts: Vec<_> = problems.iter().map(|one| one.part.as_str()).collect();
    assert_eq!(parts, ["circuit_breakers.payments", "retries.payments"]);
    let told = events.try_recv().unwrap().to_string();
    let begin = "reload service: not applied, nothing has changed: circuit_breakers.payments: ";
    assert!(told.starts_with(begin), "{told}");
    assert_eq!(*supervisor.config(), config(BEFORE));
    let bulkhead = supervisor.bulkhead("payments").unwrap();
    assert_eq!(bulkhead.config().max_concurrent, 3);
    // What is right can still be applied.
    let report = supervisor.apply(config(BEFORE)).await.unwrap();
    assert!(report.is_unchanged());
}

#[tokio::test(start_paused = true)]
async fn what_is_new_is_added_and_what_is_gone_is_kept_and_told_again_each_time() {
    let supervisor = started(BEFORE).await;
    let before = supervisor.bulkhead("payments").unwrap();
    let place = before.try_acquire().unwrap();
    let other = "[bulkheads.stock]\nmax_concurrent = 5\n[circuit_breakers.stock]";
    for again in [false, true] {
        let report = supervisor.apply(config(other)).await.unwrap();
        assert_eq!(
            lines(&report.needs_restart),
            [
                "bulkheads.payments: removed (kept until the program is started again)",
                "circuit_breakers.payments: removed (kept until the program is started again)",
                "retries.payments: removed (kept until the program is started again)",
            ]
        );
        assert_eq!(report.applied.is_empty(), again, "{report}");
        let snapshot = supervisor.snapshot_now();
        assert_eq!(
            snapshot.needs_restart,
            [
                "bulkheads.payments",
                "circuit_breakers.payments",
                "retries.payments"
            ]
        );
    }
    assert_eq!(
        supervisor
            .bulkhead("stock")
            .unwrap()
            .config()
            .max_concurrent,
        5
    );
    let snapshot = supervisor.snapshot_now();
    let mut watched = snapshot.telemetry.of_kind("bulkhead");
    assert!(watched.any(|component| component.id.name == "stock"));
    let mut checked = snapshot.health.components.iter();
    assert!(checked.any(|component| &*component.name == "breaker/stock"));

    // It comes back as it was, with the settings that it has now.
    let text = format!("{other}\n[bulkheads.payments]\nmax_concurrent = 7");
    let report = supervisor.apply(config(&text)).await.unwrap();
    assert_eq!(
        lines(&report.applied),
        ["bulkheads.payments.max_concurrent: 3 -> 7"]
    );
    let after = supervisor.bulkhead("payments").unwrap();
    assert_eq!(
        (after.snapshot().busy, after.config().max_concurrent),
        (1, 7)
    );
    drop(place);
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_restart_stays_and_is_listed_until_it_is_as_before() {
    let supervisor = started("").await;
    let text = "[service]\nname = 'other'\n[telemetry]\nqueue = 7\n[health]\ninterval = '1s'
                [bulkheads.llm_requests]\nhold_times = true\nmax_waiting = 7";
    for again in [false, true] {
        let report = supervisor.apply(config(text)).await.unwrap();
        assert_eq!(
            lines(&report.needs_restart),
            [
                "bulkheads.llm_requests.hold_times: false -> true (is settled when the bulkhead is built)",
                "health.interval: \"30s\" -> \"1s\" (read when the program is started)",
                "service.name: \"service\" -> \"other\" (read when the program is started)",
                "telemetry.queue: 1024 -> 7 (read when the program is started)",
            ]
        );
        let applied: &[&str] = match again {
            false => &["bulkheads.llm_requests.max_waiting: 50 -> 7"],
            true => &[],
        };
        assert_eq!(lines(&report.applied), applied);
    }
    assert_eq!(supervisor.snapshot_now().telemetry.queue_capacity, 1024);
    let report = supervisor.apply(config("")).await.unwrap();
    assert_eq!(
        lines(&report.applied),
        ["bulkheads.llm_requests.max_waiting: 7 -> 50"]
    );
    assert!(report.needs_restart.is_empty(), "{report}");
    assert!(supervisor.snapshot_now().needs_restart.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_thousand_reloads_leave_nothing_behind() {
    let supervisor = started("").await;
    let one =
        "[bulkheads.llm_requests]\nmax_concurrent = 11\n[circuit_breaker]\nfailure_threshold = 9
               [bulkheads.extra]\n[shutdown]\ngrace = '3s'\n[telemetry]\nreport_interval = '9s'";
    let other = "circuit_breakers_enabled = false\nbulkheads_enabled = false";
    let (one, other) = (config(one), config(other));
    let count = || {
        let snapshot = supervisor.snapshot_now();
        let checks = snapshot.health.components.len();
        (
            super::support::alive(),
            snapshot.telemetry.watched,
            checks,
            snapshot.tasks.len(),
        )
    };
    supervisor.apply(one.clone()).await.unwrap();
    supervisor.apply(other.clone()).await.unwrap();
    // The monitor has a task for each check by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = count();
    for _ in 0..500 {
        supervisor.apply(one.clone()).await.unwrap();
        supervisor.apply(other.clone()).await.unwrap();
    }
    assert_eq!(count(), before);
}

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
        let ended = tokio::time::timeout(super::support::LONG, reload).await;
        let error = ended.unwrap().unwrap().unwrap_err();
        assert!(matches!(error, ReloadError::Stopping), "{error}");
    }
    let_go.send(()).unwrap();
    drop(let_go);
    assert_eq!(limit(&supervisor), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_reload_adds_during_a_shutdown_is_closed_or_not_added() {
    for round in 0..100 {
        let supervisor = started("").await;
        let adding = tokio::spawn({
            let supervisor = supervisor.clone();
            let many = (0..50).map(|name| format!("[bulkheads.b{name}]\n"));
            let config = config(&many.collect::<String>());
            async move { supervisor.apply(config).await }
        });
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        supervisor.shutdown().await;
        if adding.await.unwrap().is_ok() {
            for name in ["b0", "b49"] {
                let bulkhead = supervisor.bulkhead(name).unwrap();
                assert!(bulkhead.try_acquire().is_err(), "{name} in round {round}");
            }
        } else {
            supervisor.bulkhead("b0").unwrap_err();
        }
    }
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
    let told = tokio::time::timeout(super::support::LONG, events.recv()).await;
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

#[tokio::test]
async fn two_thousand_names_are_started_changed_and_ended() {
    let named = |limit: usize| {
        let mut all = config("");
        let one = all.bulkheads["llm_requests"].clone();
        for name in 0..2_000 {
            let mut one = one.clone();
            one.max_concurrent = limit;
            all.bulkheads.insert(format!("b{name}"), one);
        }
        all
    };
    let supervisor = Supervisor::start(named(5)).await.unwrap();
    let report = supervisor.apply(named(6)).await.unwrap();
    assert_eq!(report.applied.len(), 2_000);
    let last = supervisor.bulkhead("b1999").unwrap();
    assert_eq!(last.config().max_concurrent, 6);
    let rest = config("[shutdown]\ngrace = '1h'");
    let report = supervisor.apply(rest).await.unwrap();
    assert_eq!(report.needs_restart.len(), 2_000);
    let report = supervisor.shutdown().await;
    assert!(report.is_clean(), "{report}");
    last.try_acquire().unwrap_err();
}

/// A supervisor that looks at its file all the time.
async fn watching(path: &std::path::Path) -> Supervisor {
    let builder = Supervisor::builder().file(path);
    let builder = builder.watch(Some(Duration::from_millis(5)));
    builder.start().await.unwrap()
}

fn limit(supervisor: &Supervisor) -> usize {
    supervisor
        .bulkhead("llm_requests")
        .unwrap()
        .config()
        .max_concurrent
}

fn file(limit: usize) -> String {
    format!("[bulkheads.llm_requests]\nmax_concurrent = {limit}\n")
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
    let told = tokio::time::timeout(super::support::LONG, events.recv()).await;
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
