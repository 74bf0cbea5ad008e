//! The burger shop's program: an engine for the kitchen, a front for the street, and both on SIGTERM at an end.

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::panic;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::thread::Builder;

use burger::door::Door;
use burger::measure::{self, NotMeasured};
use burger::pool::{Pool, WORKER};
use burger::trace::Trace;
use burger::{Burger, Engine, Settings, Shop, event_loop, nutrition, threads};
use menu::Shop as Shops;
use serde_json::Value;
use shopfront::health::{self, HEALTH};
use shopfront::{Customers, Front, Holds, Taken, log};
use tokio::runtime::{self, Runtime};
use tracing::error;

type Failure = Box<dyn Error + Send + Sync>;

/// All that was opened and does not run yet.
struct Opened {
    settings: Settings,
    front: Front<Burger>,
    customers: Customers<Burger>,
    holds: Holds,
    shop: Arc<Shop<Taken<Burger>>>,
    door: Door<Taken<Burger>>,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if arguments == [WORKER] {
        let answered = nutrition::answer(io::stdin().lock(), io::stdout().lock());
        return if answered.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if let Some(measured) = measure::asked(&arguments) {
        return told(measured);
    }
    if arguments == [HEALTH] {
        return healthy(health::check(|name| env::var(name).ok()));
    }
    log::init();
    // An activity that is gone would let its orders be renewed for ever: better the whole shop is, and they come back.
    panic::set_hook(Box::new(|panicked| {
        error!("the burger shop has lost its head: {panicked}");
        process::abort();
    }));
    let ended = open(&arguments).and_then(|opened| match opened.settings.engine {
        Engine::Async => run_async(opened),
        Engine::Threads(_) => run_threads(opened),
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let source = failure.source().map(|source| format!(": {source}")).unwrap_or_default();
            error!("the burger shop cannot stay open: {failure}{source}");
            ExitCode::FAILURE
        }
    }
}

/// How a question ends that another program asks.
#[expect(clippy::print_stderr, reason = "whoever asks reads why the answer is no")]
fn healthy(answer: Result<(), health::Unwell>) -> ExitCode {
    match answer {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// What was measured is the program's output.
fn told(measured: Result<Value, NotMeasured>) -> ExitCode {
    let told = match measured {
        Ok(measured) => writeln!(io::stdout(), "{measured}").map(|()| ExitCode::SUCCESS),
        Err(why) => writeln!(io::stderr(), "error: {why}").map(|()| ExitCode::FAILURE),
    };
    told.unwrap_or(ExitCode::FAILURE)
}

fn open(arguments: &[String]) -> Result<Opened, Failure> {
    if let Some(argument) = arguments.first() {
        return Err(format!("`{argument}` is no argument: all is set by variables").into());
    }
    let variable = |name| env::var(name).ok();
    let settings = Settings::from(variable)?;
    let street = shopfront::Settings::from(Shops::Burger, variable)?;
    let room = NonZeroUsize::new(settings.rules.room()).unwrap_or(NonZeroUsize::MIN);
    let holds = Holds::default();
    let (front, customers) = Front::open(street, room, holds.clone())?;
    let shop = Shop::open(settings, Trace::counting());
    let pool = Arc::new(Pool::of_this_program()?);
    let door = Door { shop: Arc::clone(&shop), pool };
    Ok(Opened { settings, front, customers, holds, shop, door })
}

/// One thread, on which everything happens.
fn run_async(opened: Opened) -> Result<(), Failure> {
    let Opened { front, customers, holds, shop, door, .. } = opened;
    event_loop()?.block_on(async {
        drop(event_loop::start(&shop, customers, &holds));
        front.run(door).await
    })?;
    shop.sum_up();
    Ok(())
}

/// Three threads for the kitchen, and one for the street, which is on no core of theirs but by chance.
fn run_threads(opened: Opened) -> Result<(), Failure> {
    let Opened { front, customers, shop, door, .. } = opened;
    let street =
        Builder::new().name("street".to_owned()).spawn(move || -> Result<(), Failure> {
            event_loop()?.block_on(front.run(door))?;
            Ok(())
        })?;
    drop(threads::start(&shop, customers)?);
    street.join().unwrap_or_else(|_| Err("the street's thread panicked".into()))?;
    shop.sum_up();
    Ok(())
}

fn event_loop() -> io::Result<Runtime> {
    runtime::Builder::new_current_thread().enable_all().build()
}
