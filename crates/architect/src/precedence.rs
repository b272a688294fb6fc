//! Who is heeded where those who may say something of the same piece of work say different things:
//! safety before coordination, coordination before orders.
//!
//! An open circuit is this process's own and needs nobody to be true. A claim is a peer's, and holds
//! whatever was ordered. An order is heeded where neither speaks; while nobody can be asked for
//! newer ones, the one that was followed last goes on.

use tokio::time::Instant;

/// Can whoever gives orders be heard?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hub {
    Reached,
    CutOff,
}

/// What was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orders<O> {
    /// The first of those that are due, as far as is known.
    pub(crate) newest: Option<O>,
    /// The one that was followed last and is not done.
    pub(crate) in_hand: Option<O>,
    pub(crate) hub: Hub,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision<O, C, P> {
    /// Nothing until then: the circuit is open.
    Rest(Instant),
    /// Nothing while this peer has it.
    Yield(P),
    /// The order, under a claim of one's own.
    Follow(O, C),
    /// Nothing was ordered.
    Idle,
}

impl<O> Orders<O> {
    /// An order that nobody can take back by now may have been taken back: a new one is not begun.
    fn valid(self) -> Option<O> {
        match self.hub {
            Hub::Reached => self.newest,
            Hub::CutOff => self.in_hand,
        }
    }
}

/// The circuit is the one that the order needs closed, and open until then. The piece is claimed only
/// if it is going to be worked on.
pub(crate) fn decide<O, C, P>(
    orders: Orders<O>,
    open_until: impl FnOnce(&O) -> Option<Instant>,
    claim: impl FnOnce(&O) -> Result<C, P>,
) -> Decision<O, C, P> {
    let Some(order) = orders.valid() else {
        return Decision::Idle;
    };
    if let Some(until) = open_until(&order) {
        return Decision::Rest(until);
    }
    match claim(&order) {
        Ok(claim) => Decision::Follow(order, claim),
        Err(peer) => Decision::Yield(peer),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const NEWEST: &str = "the newest order";
    const IN_HAND: &str = "the order in hand";
    const PEER: &str = "a peer";
    const OWN: &str = "a claim";

    type Told = Decision<&'static str, &'static str, &'static str>;

    #[test]
    fn an_open_circuit_wins_over_a_claim_and_a_claim_over_an_order_with_and_without_the_hub() {
        use Hub::{CutOff, Reached};
        let until = Instant::now();
        let (open, shut) = (Some(until), None);
        let (rest, idle) = (Told::Rest(until), Told::Idle);
        let follow = |order| Told::Follow(order, OWN);
        let give_way = Told::Yield(PEER);
        // Circuit, is it claimed by a peer, is something ordered, is something in hand, hub.
        let table = [
            (open, true, true, true, Reached, rest),
            (open, true, true, false, Reached, rest),
            (open, true, false, false, Reached, idle),
            (open, false, true, true, Reached, rest),
            (open, false, true, false, Reached, rest),
            (open, false, false, false, Reached, idle),
            (shut, true, true, true, Reached, give_way),
            (shut, true, true, false, Reached, give_way),
            (shut, true, false, false, Reached, idle),
            (shut, false, true, true, Reached, follow(NEWEST)),
            (shut, false, true, false, Reached, follow(NEWEST)),
            (shut, false, false, false, Reached, idle),
            (open, true, true, true, CutOff, rest),
            (open, true, true, false, CutOff, idle),
            (open, false, true, true, CutOff, rest),
            (open, false, true, false, CutOff, idle),
            (open, false, false, false, CutOff, idle),
            (shut, true, true, true, CutOff, give_way),
            (shut, true, true, false, CutOff, idle),
            (shut, false, true, true, CutOff, follow(IN_HAND)),
            (shut, false, false, true, CutOff, follow(IN_HAND)),
            (shut, false, true, false, CutOff, idle),
            (shut, false, false, false, CutOff, idle),
        ];
        for (row, (circuit, is_claimed, is_ordered, is_in_hand, hub, told)) in
            table.into_iter().enumerate()
        {
            let orders = Orders {
                newest: is_ordered.then_some(NEWEST),
                in_hand: is_in_hand.then_some(IN_HAND),
                hub,
            };
            let is_asked_for = Cell::new(false);

            let open_until = |_order: &_| circuit;
            let claim = |_order: &_| {
                is_asked_for.set(true);
                if is_claimed { Err(PEER) } else { Ok(OWN) }
            };
            let decision = decide(orders, open_until, claim);

            assert_eq!(decision, told, "row {row}");
            let is_needed = matches!(told, Told::Yield(_) | Told::Follow(..));
            assert_eq!(is_asked_for.get(), is_needed, "row {row}");
        }
    }
}
