use std::marker::PhantomData;
use std::sync::Arc;

use opentelemetry::KeyValue;

use crate::per_meter::{PerMeter, Recorder};

#[derive(Debug)]
pub(crate) struct Cache<K, S>(PhantomData<fn(K) -> S>);

#[expect(clippy::unused_self, reason = "the twin of what the feature does")]
impl<K, S> Cache<K, S> {
    pub(crate) fn get(&self, _: &K) -> Option<Arc<S>> {
        None
    }

    pub(crate) fn keep(&self, _: &K, make: impl FnOnce(bool) -> S) -> Arc<S> {
        Arc::new(make(false))
    }

    pub(crate) fn clear(&self) {}
}

impl<K, S> Default for Cache<K, S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

#[derive(Debug)]
pub(crate) struct Handles<O, R>(PhantomData<fn(O) -> R>);

#[expect(clippy::unused_self, reason = "the twin of what the feature does")]
impl<O, R: Recorder> Handles<O, R> {
    pub(crate) fn new(_: bool) -> Self {
        Self(PhantomData)
    }

    pub(crate) fn record(
        &self,
        recorders: &PerMeter<R>,
        _: O,
        value: R::Value,
        attributes: impl Fn() -> Vec<KeyValue>,
    ) {
        recorders.record(value, &attributes());
    }
}
