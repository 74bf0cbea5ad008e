//! The rows, by what has to be running for them.

pub(crate) mod cold;
pub(crate) mod depth;
pub(crate) mod frozen;
pub(crate) mod listening;
pub(crate) mod machine;
pub(crate) mod mapped;
pub(crate) mod memory;
pub(crate) mod queues;
pub(crate) mod shops;
pub(crate) mod throughput;
pub(crate) mod timeouts;
pub(crate) mod warm;

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::figures::Sample;
use crate::http::Client;
use crate::programs::{FUNCTION, Program, invocations};

/// What the function is sent, and answers with.
const EVENT: &str = r#"{"a":1}"#;

/// A caller of the benches' function, with its one request.
struct Caller {
    client: Client,
    request: Vec<u8>,
}

impl Caller {
    fn of(program: &Program) -> Result<Self, Failure> {
        Self::of_function(program, FUNCTION)
    }

    fn of_function(program: &Program, function: &str) -> Result<Self, Failure> {
        let client = program.client()?;
        let request = client.request("POST", &invocations(function), EVENT);
        Ok(Self { client, request })
    }

    /// How long one call takes, from before the request to the end of the answer.
    fn call(&mut self) -> Result<Duration, Failure> {
        let since = Instant::now();
        self.client.expect(&self.request, EVENT.as_bytes())?;
        Ok(since.elapsed())
    }

    /// So many calls, one after the other.
    fn calls(&mut self, count: usize, sample: &mut Sample) -> Result<(), Failure> {
        sample.reserve(count);
        for _ in 0..count {
            sample.add(self.call()?);
        }
        Ok(())
    }
}

/// How many calls are answered in a second, all callers together, each on a thread of its own for so long.
fn per_second<C: Send>(
    callers: Vec<C>,
    span: Duration,
    call: impl Fn(&mut C) -> Result<(), Failure> + Sync,
) -> Result<f64, Failure> {
    let since = Instant::now();
    let calls = |mut caller: C| {
        let mut calls = 0_u32;
        while since.elapsed() < span {
            call(&mut caller)?;
            calls += 1;
        }
        Ok(calls)
    };
    let calls = std::thread::scope(|scope| {
        let callers: Vec<_> =
            callers.into_iter().map(|caller| scope.spawn(|| calls(caller))).collect();
        let ends =
            callers.into_iter().map(|caller| caller.join().expect("a caller does not panic"));
        ends.sum::<Result<u32, Failure>>()
    })?;
    Ok(f64::from(calls) / since.elapsed().as_secs_f64())
}

fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

/// Calls that many times at once; each answer takes so long that none can serve two.
fn at_once(program: &Program, count: usize, hold: Duration) -> Result<(), Failure> {
    let event = format!(r#"{{"hold_ms":{}}}"#, hold.as_millis());
    let call = || {
        let mut client = program.client()?;
        let request = client.request("POST", &invocations(FUNCTION), &event);
        client.expect(&request, event.as_bytes())
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..count).map(|_| scope.spawn(call)).collect();
        let ends =
            callers.into_iter().map(|caller| caller.join().expect("a caller does not panic"));
        ends.collect::<Result<Vec<()>, _>>().map(drop)
    })
}
