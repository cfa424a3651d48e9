//! What there is to play with.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::{Bulkhead, Permit};
use steadfast_dashboard::Dashboard;
use steadfast_retry::Retry;
use tokio::sync::{Mutex, Notify};

use crate::clients::Clients;

pub(crate) struct Playground {
    pub(crate) breakers: HashMap<String, CircuitBreaker>,
    pub(crate) outages: HashMap<&'static str, AtomicBool>,
    pub(crate) retry: Retry,
    pub(crate) reports: Bulkhead,
    pub(crate) hog: Mutex<Vec<Permit>>,
    pub(crate) database: Arc<AtomicBool>,
    pub(crate) clients: Option<Clients>,
    pub(crate) quiet: AtomicBool,
    pub(crate) turns: AtomicU64,
    pub(crate) dashboard: Dashboard,
    pub(crate) stop: Notify,
}
