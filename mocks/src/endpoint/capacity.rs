//! A service of finite capacity behind the faults: workers, the time that each request keeps one busy, and
//! a queue before them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::World;
use crate::fault::Latency;
use crate::protocol::Reply;
use crate::random::Stream;
use crate::request::Attempt;
use crate::service::{Class, wire_error};

/// How much a service can do. What does not fit into its queue gets a 503.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Requests that are worked on at a time.
    #[schemars(range(min = 1, max = 100_000))]
    pub workers: u32,
    /// How long each takes, once it is its turn.
    pub service_time: Latency,
    /// Requests that may wait for their turn. Default: 0.
    #[serde(default)]
    #[schemars(range(max = 1_000_000))]
    pub queue: u32,
}

/// The workers while a plan is played.
#[derive(Debug)]
pub(super) struct Workers {
    capacity: Capacity,
    /// When each worker is free again, the soonest first.
    free: BinaryHeap<Reverse<Duration>>,
    /// When the requests that wait have their turn.
    turns: VecDeque<Duration>,
}

impl Workers {
    pub(super) fn new(capacity: Capacity) -> Self {
        let free = (0..capacity.workers).map(|_| Reverse(Duration::ZERO)).collect();
        Self { capacity, free, turns: VecDeque::new() }
    }

    /// A request comes: how long until it is done, or nothing if the queue is full. A client that gives up
    /// meanwhile saves nothing: its work is done all the same.
    pub(super) fn take(&mut self, now: Duration, stream: &mut Stream) -> Option<Duration> {
        while self.turns.front().is_some_and(|turn| *turn <= now) {
            self.turns.pop_front();
        }
        let Reverse(free) = *self.free.peek()?;
        let turn = free.max(now);
        if turn > now {
            if self.turns.len() >= self.capacity.queue as usize {
                return None;
            }
            // Each turn is the soonest that was free, so they come in order.
            self.turns.push_back(turn);
        }
        let done = turn + self.capacity.service_time.draw(stream);
        self.free.pop();
        self.free.push(Reverse(done));
        Some(done.saturating_sub(now))
    }
}

/// What a request hears that found the queue full.
pub(super) fn refusal(attempt: &Attempt, world: &mut World) -> Reply {
    let mut error = wire_error(attempt.service, attempt.service.overload_code());
    (error.status, error.class) = (503, Class::Transient);
    let head = attempt.request.method == http::Method::HEAD;
    attempt.protocol.error(attempt.service, &error, &world.request_id(), head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;

    #[test]
    fn work_waits_its_turn_and_the_queue_ends() {
        let ms = Duration::from_millis;
        let service_time = serde_json::from_value(serde_json::json!("100ms")).unwrap();
        let mut workers = Workers::new(Capacity { workers: 2, service_time, queue: 1 });
        let mut stream = Seed { run: 1, trial: 0 }.named("capacity", 0);
        let mut at = |now| workers.take(now, &mut stream);
        assert_eq!((at(ms(0)), at(ms(0))), (Some(ms(100)), Some(ms(100))));
        assert_eq!((at(ms(10)), at(ms(10))), (Some(ms(190)), None));
        assert_eq!(at(ms(100)), Some(ms(100)));
        assert_eq!(at(ms(110)), Some(ms(190)));
    }
}
