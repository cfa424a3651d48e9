//! What the test's thread and the receiver's thread both see.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::{OtlpReply, OtlpRequest, OtlpSignal, request::Malformed};
use crate::Reply;

#[derive(Debug, Default)]
pub(crate) struct Shared {
    log: Mutex<Log>,
    /// Changes after each request.
    arrivals: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Log {
    requests: Vec<OtlpRequest>,
    malformed: Vec<String>,
    scripts: HashMap<OtlpSignal, VecDeque<OtlpReply>>,
    otherwise: OtlpReply,
}

impl Shared {
    pub(crate) fn script(&self, signal: OtlpSignal, replies: impl IntoIterator<Item = OtlpReply>) {
        let mut log = self.log.lock();
        log.scripts.entry(signal).or_default().extend(replies);
    }

    pub(crate) fn otherwise(&self, reply: OtlpReply) {
        self.log.lock().otherwise = reply;
    }

    pub(crate) fn requests(&self) -> Vec<OtlpRequest> {
        self.log.lock().requests.clone()
    }

    pub(crate) fn malformed(&self) -> Vec<String> {
        self.log.lock().malformed.clone()
    }

    pub(crate) fn arrivals(&self) -> watch::Receiver<()> {
        self.arrivals.subscribe()
    }

    /// Records a request and finds its reply.
    pub(crate) fn take(
        &self,
        request: Result<OtlpRequest, Malformed>,
        reply: impl FnOnce(OtlpSignal, OtlpReply) -> Reply,
    ) -> Reply {
        let mut log = self.log.lock();
        let answer = match request {
            Ok(mut request) => {
                let signal = request.signal;
                let scripted = log.scripts.get_mut(&signal).and_then(VecDeque::pop_front);
                let chosen = scripted.unwrap_or_else(|| log.otherwise.clone());
                request.accepted = chosen.accepts();
                log.requests.push(request);
                reply(signal, chosen)
            }
            Err(Malformed(why)) => {
                log.malformed.push(why);
                Reply::status(400)
            }
        };
        drop(log);
        self.arrivals.send_replace(());
        answer
    }
}
