//! What a topology may not say, and the order of what it says.

use std::time::Duration;

use lapin::ExchangeKind;
use lapin::types::AMQPValue;

use super::{Command, Plan};
use crate::config_error::Rules;
use crate::topology::{Binding, Exchange, Overflow, Queue, QueueType, Topology};

/// The complaints about a topology: entity and rule.
fn complaints(topology: &Topology) -> Vec<String> {
    let mut rules = Rules::default();
    Plan::check(topology, &mut rules);
    rules
        .into_fields()
        .into_iter()
        .map(|field| {
            assert_eq!(field.field, "topology");
            format!("{} {}", field.value, field.rule)
        })
        .collect()
}

#[track_caller]
fn complains(topology: Topology, expected: &[&str]) {
    let complaints = complaints(&topology);
    assert_eq!(complaints.len(), expected.len(), "{complaints:#?}");
    for (complaint, expected) in complaints.iter().zip(expected) {
        assert!(
            complaint.starts_with(expected),
            "{complaint} is not {expected}"
        );
    }
}

fn steps(topology: &Topology) -> Vec<String> {
    let plan = Plan::check(topology, &mut Rules::default());
    plan.steps
        .iter()
        .map(|step| step.entity.to_string())
        .collect()
}

#[test]
fn every_bad_entity_is_named_at_once() {
    let long = "n".repeat(256);
    let topology = Topology::new()
        .exchange(Exchange::direct(""))
        .exchange(Exchange::direct("amq.mine"))
        .queue(Queue::new(""))
        .queue(Queue::new("amq.mine"))
        .queue(Queue::new(long.clone()))
        .queue(Queue::server_named(""))
        .existing_queue(long)
        .bind(Binding::queue("nowhere", "nothing"))
        .bind(Binding::exchange("nowhere", "nothing"));
    complains(
        topology,
        &[
            "exchange \"\" must have a name",
            "exchange \"amq.mine\" must not begin with \"amq.\"",
            "binding of exchange \"nowhere\" to exchange \"nothing\" with key \"\" must bind an exchange",
            "binding of exchange \"nowhere\" to exchange \"nothing\" with key \"\" must bind to an exchange",
            &format!(
                "queue {:?} must have a name of at most 255 bytes",
                "n".repeat(256)
            ),
            "queue \"\" must have a name",
            "queue \"amq.mine\" must not begin with \"amq.\"",
            &format!(
                "queue {:?} must have a name of at most 255 bytes",
                "n".repeat(256)
            ),
            &format!(
                "queue {:?} must not be declared in two different ways",
                "n".repeat(256)
            ),
            "server-named queue \"\" must have a label",
            "server-named queue \"\" must not be declared in two different ways",
            "binding of queue \"nowhere\" to exchange \"nothing\" with key \"\" must bind a queue",
            "binding of queue \"nowhere\" to exchange \"nothing\" with key \"\" must bind to an exchange",
        ],
    );
}

#[test]
fn the_same_twice_counts_once_and_two_that_differ_contradict() {
    let once = || {
        Topology::new()
            .exchange(Exchange::topic("e").internal())
            .existing_exchange("amq.topic")
            .queue(Queue::new("q").max_length(1).quorum())
            .queue(Queue::server_named("s"))
            .existing_queue("x")
            .bind(Binding::queue("q", "e"))
    };
    let twice = once()
        .bind(Binding::queue("q", "e"))
        .existing_queue("x")
        .queue(Queue::server_named("s"))
        // In another order, the same.
        .queue(Queue::new("q").quorum().max_length(1))
        .existing_exchange("amq.topic")
        .exchange(Exchange::topic("e").internal());
    assert_eq!(complaints(&twice), [""; 0]);
    assert_eq!(steps(&twice), steps(&once()));
    assert_eq!(twice, once());

    for other in [
        Queue::new("q"),
        Queue::new("q").max_length(2).quorum(),
        Queue::server_named("q"),
    ] {
        let complaints = complaints(&once().queue(other));
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(
            complaints[0].contains("in two different ways"),
            "{complaints:?}"
        );
    }
    complains(
        once().existing_queue("q"),
        &["queue \"q\" must not be declared in two"],
    );
    complains(
        once().exchange(Exchange::topic("e")),
        &["exchange \"e\" must not be declared in two"],
    );
    complains(
        once().existing_exchange("e"),
        &["exchange \"e\" must not be declared in two"],
    );
    // A queue and an exchange are no two ways of the same.
    assert_eq!(complaints(&once().queue(Queue::new("e"))), [""; 0]);
}

#[test]
fn names_and_keys_have_255_bytes_at_most_and_not_one_more() {
    let fits = "n".repeat(255);
    let topology = Topology::new()
        .exchange(Exchange::new(
            fits.clone(),
            ExchangeKind::Custom("x".repeat(255)),
        ))
        .queue(Queue::new(fits.clone()).argument("a".repeat(255), 1))
        .bind(Binding::queue(fits.clone(), fits.clone()).routing_key(fits.clone()));
    assert_eq!(complaints(&topology), [""; 0]);

    // It is bytes that count.
    let wide = "ä".repeat(128);
    let topology = Topology::new()
        .exchange(Exchange::new("e", ExchangeKind::Custom("x".repeat(256))))
        .exchange(Exchange::new("f", ExchangeKind::Custom(String::new())))
        .exchange(Exchange::direct(wide))
        .queue(Queue::new("q").argument("a".repeat(256), 1).argument("", 1))
        .bind(Binding::queue("q", "e").routing_key(fits + "n"));
    complains(
        topology,
        &[
            "exchange \"e\" must have a kind of 1 to 255 bytes",
            "exchange \"f\" must have a kind of 1 to 255 bytes",
            "exchange \"ä",
            "queue \"q\" must have argument names of 1 to 255 bytes",
            "queue \"q\" must have argument names of 1 to 255 bytes",
            "binding of queue \"q\" to exchange \"e\" with key \"n",
        ],
    );
    // A label never leaves the program.
    let label = Topology::new().queue(Queue::server_named("amq.".repeat(100)));
    assert_eq!(complaints(&label), [""; 0]);
}

#[test]
fn times_and_limits_that_the_broker_cannot_take_are_refused_and_never_rounded() {
    let millis = Duration::from_millis;
    let longest = millis(u64::from(u32::MAX));
    for good in [
        Queue::new("q").message_ttl(Duration::ZERO),
        Queue::new("q").message_ttl(longest).expires(longest),
        Queue::new("q").expires(millis(1)),
        Queue::new("q")
            .max_length(0)
            .max_length_bytes(i64::MAX.unsigned_abs()),
    ] {
        assert_eq!(complaints(&Topology::new().queue(good)), [""; 0]);
    }
    for (bad, rule) in [
        (
            Queue::new("q").message_ttl(Duration::from_micros(1_500)),
            "must have times of whole",
        ),
        (
            Queue::new("q").message_ttl(longest + millis(1)),
            "must have times of whole",
        ),
        (
            Queue::new("q").expires(longest + millis(1)),
            "must have times of whole",
        ),
        (
            Queue::new("q").expires(Duration::ZERO),
            "must expire after longer than zero",
        ),
        (
            Queue::new("q").max_length(1 << 63),
            "must have limits of at most",
        ),
        (
            Queue::new("q").max_length_bytes(u64::MAX),
            "must have limits of at most",
        ),
    ] {
        complains(
            Topology::new().queue(bad),
            &[&format!("queue \"q\" {rule}")],
        );
    }
}

#[test]
fn a_server_named_queue_that_nobody_would_delete_is_refused() {
    let left = || Queue::server_named("s").exclusive(false);
    complains(
        Topology::new().queue(left()),
        &["server-named queue \"s\" must be exclusive, auto-delete or expire"],
    );
    for good in [
        left().auto_delete(),
        left().expires(Duration::from_secs(60)),
    ] {
        assert_eq!(complaints(&Topology::new().queue(good)), [""; 0]);
    }
}

#[test]
fn a_quorum_queue_is_durable_shared_and_has_a_name() {
    for bad in [
        Queue::new("q").quorum().durable(false),
        Queue::new("q")
            .exclusive(true)
            .queue_type(QueueType::Quorum),
        Queue::server_named("q")
            .durable(true)
            .exclusive(false)
            .auto_delete()
            .quorum(),
    ] {
        let complaints = complaints(&Topology::new().queue(bad));
        assert!(
            complaints[0].ends_with("being a quorum queue"),
            "{complaints:?}"
        );
    }
    let classic = Queue::new("q")
        .quorum()
        .queue_type(QueueType::Classic)
        .exclusive(true);
    assert_eq!(complaints(&Topology::new().queue(classic)), [""; 0]);
}

#[test]
fn arguments_have_the_names_and_forms_that_rabbitmq_knows() {
    let queue = Queue::new("q")
        .quorum()
        .message_ttl(Duration::from_secs(1))
        .expires(Duration::from_secs(2))
        .max_length(3)
        .max_length_bytes(4)
        .overflow(Overflow::RejectPublish)
        .dead_letter_exchange("dlx")
        .dead_letter_routing_key("key")
        .argument("x-delivery-limit", 5);
    let plan = Plan::check(&Topology::new().queue(queue), &mut Rules::default());
    let Command::DeclareQueue { arguments, .. } = &plan.steps[0].command else {
        panic!("{:?}", plan.steps);
    };
    let text = |text: &str| AMQPValue::LongString(text.into());
    let number = AMQPValue::LongLongInt;
    let expected = [
        ("x-dead-letter-exchange", text("dlx")),
        ("x-dead-letter-routing-key", text("key")),
        ("x-delivery-limit", AMQPValue::LongInt(5)),
        ("x-expires", number(2_000)),
        ("x-max-length", number(3)),
        ("x-max-length-bytes", number(4)),
        ("x-message-ttl", number(1_000)),
        ("x-overflow", text("reject-publish")),
        ("x-queue-type", text("quorum")),
    ];
    let found = arguments
        .inner()
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}
