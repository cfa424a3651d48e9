//! From a finished request to its response.

use std::sync::Arc;

use reqwest::{Request, Response};

use crate::authority::Authority;
use crate::call::{Call, Origin, REQUEST};
use crate::client::Shared;
use crate::clock;
use crate::coalesce;
use crate::counters::Ongoing;
use crate::error::Error;
use crate::leg::Leg;
use crate::options::Options;
use crate::redirects;
use crate::transport::Transport;

/// Sends the request in `slot` through all the patterns, or waits for what another brings that is the same.
/// `is_ours` if nobody but a builder of ours can have made it.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    slot: &mut Option<Request>,
    options: &Options,
    is_ours: bool,
    transport: &Transport<'_>,
) -> Result<Response, Error> {
    let ongoing = shared.counters.begin();
    let request = slot.as_ref().expect(REQUEST);
    let Some(authority) = shared.meet(request.url()) else {
        // No HTTP: reqwest says so in its own words, and sends nothing.
        let executing = shared.http.execute(slot.take().expect(REQUEST));
        let result = executing.await.map_err(Error::invalid);
        ongoing.end(result.as_ref().err());
        return result;
    };
    let started = clock::now();
    let mut sent_before = false;
    if transport.is_own() && coalesce::is_wanted(shared, request, options) {
        // In a box, as few requests are.
        let joining = coalesce::join(shared, &authority, request, options, started);
        if let Some(result) = Box::pin(joining).await {
            ongoing.end(result.as_ref().err());
            return result;
        }
        sent_before = true;
    }
    let origin = Origin {
        started,
        is_ours,
        sent_before,
        transport,
    };
    send(shared, authority, slot, options, origin, Some(ongoing)).await
}

/// Sends the request in `slot` through all the patterns; `ongoing` ends with it.
pub(crate) async fn send(
    shared: &Shared,
    authority: Arc<Authority>,
    slot: &mut Option<Request>,
    options: &Options,
    origin: Origin<'_>,
    ongoing: Option<Ongoing<'_>>,
) -> Result<Response, Error> {
    if let (Some(following), true) = (&shared.following, origin.transport.is_own()) {
        // In a box: all requests would be as large.
        let chain = redirects::Chain::new(shared, following, options, origin);
        return Box::pin(chain.send(authority, slot, ongoing)).await;
    }
    let call = Call::new(shared, &authority, slot, options, origin, None);
    let leg = Leg::new(&call);
    call.perform(&leg).await;
    let result = leg.result();
    drop(leg);
    call.end(result, ongoing)
}
