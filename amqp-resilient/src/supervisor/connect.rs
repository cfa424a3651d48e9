//! Making a connection: the handshake, and what is to be declared before anybody uses it.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Supervisor;
use super::refresh::{Refresh, keep_fresh};
use super::up::Up;
use crate::classify;
use crate::clock;
use crate::error::AmqpError;
use crate::link::Event;
use crate::session::Session;
use crate::topology::{Declaring, TopologyReport};

/// The entities of the topology over which the broker has closed connections, with its words: by step.
/// They are left out until there has been a stable connection again, lest one bad entity keep the others
/// from ever being declared, and the connection from ever being used.
pub(crate) type Barred = Mutex<BTreeMap<usize, AmqpError>>;

impl Supervisor {
    /// Connects, declares the topology, and announces the connection.
    pub(super) async fn connect(&self) -> Result<Up, AmqpError> {
        let hub = &self.hub;
        let (dialed, lease) = self.dial().await?;
        let epoch = hub.read(|link| link.next_epoch());
        let session = Arc::new(Session::new(
            epoch,
            dialed.connection,
            dialed.line,
            dialed.returns,
        ));
        let refresh = Refresh {
            hub: Arc::clone(hub),
            access: Arc::clone(&self.access),
            session: Arc::clone(&session),
        };
        let mut up = Up {
            session: Arc::clone(&session),
            events: dialed.events,
            keeping_fresh: keep_fresh(refresh, lease, self.refresh_backoff),
        };
        // lapin tells nobody of an alarm that came before there was a listener.
        let mut alarm = session.is_blocked().then(String::new);
        let topology = if hub.topology.is_empty() {
            None
        } else {
            Some(Arc::new(self.declare(&mut up, &mut alarm).await?))
        };
        hub.apply(Event::Connected {
            session,
            topology: topology.clone(),
        });
        if let Some(report) = topology {
            hub.observers
                .tell(|observer| observer.topology_declared(&report));
        }
        if let Some(reason) = alarm {
            hub.apply(Event::Blocked { reason });
        }
        Ok(up)
    }

    /// Declares the topology on a connection that nobody uses yet. Tells of an alarm that came meanwhile,
    /// and is not over.
    async fn declare(
        &self,
        up: &mut Up,
        alarm: &mut Option<String>,
    ) -> Result<TopologyReport, AmqpError> {
        let hub = &self.hub;
        let settings = &hub.settings;
        let session = Arc::clone(&up.session);
        let barred = self.barred.lock().clone();
        let deadline = clock::after(settings.topology_timeout);
        let patience = settings.channel_timeout;
        let runtime = hub.pools.runtime();
        let mut declaring = Declaring::new(&hub.topology, &session, patience, runtime);
        let note = |event| match event {
            Event::Blocked { reason } => *alarm = Some(reason),
            _ => *alarm = None,
        };
        let lost = tokio::select! {
            biased;
            declared = declaring.run(&barred, deadline) => declared.err(),
            error = up.watch(note) => Some(error),
        };
        let Some(error) = lost else {
            return Ok(declaring.report(&hub.name));
        };
        let error = up.why(error).await;
        if let (Some(step), true) = (declaring.in_flight(), classify::blames_a_request(&error)) {
            self.barred.lock().insert(step, error.clone());
        }
        Err(error)
    }
}
