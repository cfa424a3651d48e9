//! The endpoints that there are, and the order in which they are tried.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::endpoint::{Address, Endpoint};

/// A list of addresses that is gone through round and round. It does nothing by itself.
#[derive(Debug)]
pub(crate) struct Endpoints {
    order: Order,
    /// In their order, no two of one identity.
    addresses: Vec<Address>,
    /// The one that was tried last. It need not be on the list any more.
    last: Option<Address>,
}

/// The order of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    AsListed,
    /// At random, by this seed: whatever else is on the list, two addresses keep their order.
    Shuffled(u64),
}

impl Endpoints {
    pub(crate) fn new(order: Order, addresses: Vec<Address>) -> Self {
        let mut endpoints = Self {
            order,
            addresses: Vec::new(),
            last: None,
        };
        endpoints.replace(addresses);
        endpoints
    }

    /// The same ones, in an order of their own if they are shuffled, and none of them tried.
    pub(crate) fn anew(&self) -> Self {
        let order = match self.order {
            Order::AsListed => Order::AsListed,
            Order::Shuffled(_) => Order::Shuffled(rand::random()),
        };
        Self::new(order, self.addresses.clone())
    }

    /// From now on, these are the endpoints.
    pub(crate) fn replace(&mut self, mut addresses: Vec<Address>) {
        if let Order::Shuffled(seed) = self.order {
            addresses.sort_by_cached_key(|address| rank(seed, address));
        }
        self.addresses.clear();
        for address in addresses {
            if self.position(&address).is_none() {
                self.addresses.push(address);
            }
        }
    }

    /// All of them, beginning behind the one that was tried last.
    pub(crate) fn round(&self) -> Vec<Address> {
        let mut round = self.addresses.clone();
        round.rotate_left(self.next());
        round
    }

    /// The one that will be tried first.
    pub(crate) fn first(&self) -> Option<&Endpoint> {
        let first = self.addresses.get(self.next())?;
        Some(&first.endpoint)
    }

    pub(crate) fn tried(&mut self, address: &Address) {
        self.last = Some(address.clone());
    }

    pub(crate) fn all(&self) -> &[Address] {
        &self.addresses
    }

    fn next(&self) -> usize {
        let last = self.last.as_ref().and_then(|last| self.position(last));
        last.map_or(0, |last| (last + 1) % self.addresses.len())
    }

    fn position(&self, address: &Address) -> Option<usize> {
        let same = |other: &Address| other.identity() == address.identity();
        self.addresses.iter().position(same)
    }
}

fn rank(seed: u64, address: &Address) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, address.identity()).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::endpoint::test_address;

    fn address(number: u8) -> Address {
        test_address(&format!("amqp://node-{number}"))
    }

    fn endpoints(order: Order, numbers: &[u8]) -> Endpoints {
        Endpoints::new(order, numbers.iter().map(|it| address(*it)).collect())
    }

    fn hosts(endpoints: &Endpoints) -> Vec<String> {
        let round = endpoints.round();
        round
            .iter()
            .map(|address| address.endpoint.host().to_owned())
            .collect()
    }

    fn any_order() -> impl Strategy<Value = Order> {
        prop_oneof![
            Just(Order::AsListed),
            any::<u64>().prop_map(Order::Shuffled)
        ]
    }

    proptest! {
        #[test]
        fn a_round_has_every_endpoint_once_and_begins_behind_the_last(
            order in any_order(),
            lists in prop::collection::vec(prop::collection::vec(0_u8..8, 0..8), 1..6),
            tries in prop::collection::vec(0_usize..8, 0..6),
        ) {
            let mut endpoints = endpoints(order, &[]);
            let mut before: Option<Vec<String>> = None;
            for (list, tries) in lists.iter().zip(tries.iter().chain([&0; 6])) {
                endpoints.replace(list.iter().map(|it| address(*it)).collect());
                let round = hosts(&endpoints);
                let expected: BTreeSet<_> = list.iter().map(|it| format!("node-{it}")).collect();
                prop_assert_eq!(round.len(), expected.len());
                prop_assert_eq!(round.iter().cloned().collect::<BTreeSet<_>>(), expected);
                prop_assert_eq!(endpoints.first().map(|it| it.host()), round.first().map(|it| &**it));

                // As long as the list stays, each try is of the one behind that of the try before.
                let mut tried = Vec::new();
                for _ in 0..*tries {
                    let Some(next) = endpoints.round().into_iter().next() else { break };
                    tried.push(next.endpoint.host().to_owned());
                    endpoints.tried(&next);
                }
                let cycle: Vec<_> = round.iter().cycle().take(tried.len()).cloned().collect();
                prop_assert_eq!(&tried, &cycle);

                // A shuffled list keeps its order from one list to the next, but for where it begins.
                if let (Order::Shuffled(_), Some(before)) = (order, &before) {
                    let in_both = |list: &[String], other: &[String]| -> Vec<String> {
                        list.iter().filter(|it| other.contains(it)).cloned().collect()
                    };
                    let mut now = in_both(&round, before);
                    let then = in_both(before, &round);
                    if let Some(start) = now.iter().position(|it| Some(it) == then.first()) {
                        now.rotate_left(start);
                    }
                    prop_assert_eq!(now, then);
                }
                before = Some(round);
            }
        }
    }

    #[test]
    fn seeds_give_different_orders_and_each_the_same_one_always() {
        let order = |seed| hosts(&endpoints(Order::Shuffled(seed), &[0, 1, 2, 3, 4]));
        let orders: BTreeSet<_> = (0..50).map(order).collect();
        assert!(orders.len() > 20, "{}", orders.len());
        let listed = |numbers: &[u8]| hosts(&endpoints(Order::Shuffled(7), numbers));
        assert_eq!(listed(&[0, 1, 2]), listed(&[2, 0, 1]));
    }

    #[test]
    fn another_connection_has_an_order_of_its_own_and_begins_at_its_beginning() {
        let numbers = [0, 1, 2, 3, 4, 5, 6, 7];
        let mut shuffled = endpoints(Order::Shuffled(7), &numbers);
        let orders: BTreeSet<_> = (0..20).map(|_| hosts(&shuffled.anew())).collect();
        assert!(orders.len() > 10, "{}", orders.len());
        shuffled.tried(&address(3));
        let anew = shuffled.anew();
        assert_eq!(anew.round().len(), numbers.len());

        let mut listed = endpoints(Order::AsListed, &numbers);
        let before = hosts(&listed);
        listed.tried(&address(3));
        assert_ne!(hosts(&listed), before);
        assert_eq!(hosts(&listed.anew()), before);
    }

    #[test]
    fn one_endpoint_for_two_users_is_two_addresses_and_the_same_one_twice_is_one() {
        let uris = ["amqp://a@node", "amqp://b@node", "amqp://a:other@node"];
        let addresses = uris.into_iter().map(test_address).collect();
        let mut endpoints = Endpoints::new(Order::AsListed, addresses);
        let user = |address: &Address| address.uri.authority.userinfo.username.clone();
        let mut users = Vec::new();
        for _ in 0..3 {
            let next = endpoints.round().remove(0);
            users.push(user(&next));
            endpoints.tried(&next);
        }
        assert_eq!(users, ["a", "b", "a"]);
        assert_eq!(endpoints.all().len(), 2);
    }
}
