//! `lunch up`: a cloud that serves until it is told to end.
//!
//! To stdout goes `listening on http://…`, always the first line, and then what the functions write; everything that
//! is our own goes to stderr.

mod banner;
mod engine;

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use lunch_host::build::Sources;
use lunch_host::sandbox::Supervisor;
use lunch_host::wire::Ps;
use lunch_host::{Host, Listen, StartError};
use tokio::time::timeout;

use self::banner::{Banner, listening};
use crate::args::{self, TasksAs};
use crate::commands::anew;
use crate::commands::cloud::{self, Plan};
use crate::door::Door;
use crate::ending::Ending;
use crate::failure::{Code, Failure, OrFail as _};
use crate::lines::{Lines, Look};
use crate::say;
use crate::watch::Watch;

/// Where `cargo lambda invoke` looks, and our own commands.
pub(crate) const USUAL_PORT: u16 = 9000;

pub(crate) async fn run(asked: args::Up, supervisor: Supervisor) -> Result<Code, Failure> {
    let listen = listen(&asked);
    let mut plan = Plan::read(&asked.cloud, listen.clone())?;
    free(&listen)?;
    let guard = match asked.tasks {
        None | Some(TasksAs::Process) => None,
        Some(TasksAs::Container) => Some(engine::find(&mut plan).await?),
    };
    let (mut config, sources) = plan.build(false)?;
    config.keeping = asked.keep.beside(&asked.cloud.template);
    let mut banner = Banner::of(&config, cloud::modelled(&asked.cloud));
    banner.why_not_apart = supervisor.isolation().why_not_more();
    let names = config.functions.iter().map(|function| function.name.as_str());
    let (lines, sink) = Lines::begin(Look::of_stdout(names));
    config.sink = Some(sink);

    let mut ending = Ending::listen()?;
    let host = cloud::start(config, supervisor)?;
    banner.ahead = host.ahead();
    say::answer(listening(host.addresses(), host.port()));
    say::beside(banner.render(host.addresses(), host.port()));

    let watch = if asked.no_watch { None } else { watch(sources) };
    let anew = async {
        match watch {
            Some(watch) => anew::follow(&host, &asked, watch).await,
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        by = ending.asked() => Ok(by),
        why = host.lost() => Err(Failure::new(Code::Fault, why)),
        () = anew => Err(Failure::new(Code::Fault, "what follows the sources has ended")),
    };
    match &ended {
        Ok(by) => say::beside(format!("\nlunch: {by}: ending (once more: at once)")),
        Err(lost) => drop(lost.tell()),
    }
    let ended = tokio::select! {
        code = end(host, lines) => ended.and(code),
        by = ending.asked() => {
            say::beside(format!("lunch: {by} once more: ended at once"));
            Ok(Code::Bad)
        }
    };
    if let Some(guard) = guard {
        guard.end();
    }
    ended
}

/// Watches the sources; where that cannot be, says so and goes on without.
fn watch(sources: Sources) -> Option<Watch> {
    let watch = Watch::begin(sources);
    if let Err(error) = &watch {
        say::beside(format!("changes of the sources are not seen: {error}"));
    }
    watch.ok()
}

async fn end(host: Host, lines: Lines) -> Result<Code, Failure> {
    let in_flight = in_flight(host.port()).await;
    let code = cloud::shut_down(host, Code::Done).await;
    lines.end().await;
    if let Some(told) = sent_away(in_flight) {
        say::beside(told);
    }
    code
}

/// How many requests are in flight, by the cloud's own door; 0 where it cannot be asked any more.
async fn in_flight(port: u16) -> u32 {
    let door = Door::new(port);
    let asked = timeout(ASKED_WITHIN, door.read::<Ps>("/_lunch/ps")).await;
    let Ok(Ok(ps)) = asked else { return 0 };
    ps.functions.iter().map(|function| function.in_flight).sum()
}

/// A cloud that does not answer within this time is ended all the same.
const ASKED_WITHIN: Duration = Duration::from_secs(1);

/// Who did not get what they came for.
fn sent_away(in_flight: u32) -> Option<String> {
    let callers = match in_flight {
        0 => return None,
        1 => "1 caller was".to_owned(),
        more => format!("{more} callers were"),
    };
    Some(format!("{callers} answered with 500: the cloud was shut down"))
}

fn listen(asked: &args::Up) -> Listen {
    let mut listen = Listen::loopback(asked.port);
    if !asked.listen.is_empty() {
        listen.addresses.clone_from(&asked.listen);
    }
    listen.allow_hosts.clone_from(&asked.allow_host);
    listen
}

/// That nobody else listens there, so that it is told before a minute's build. What else stands in the way is told when
/// the cloud starts.
fn free(listen: &Listen) -> Result<(), Failure> {
    for &address in &listen.addresses {
        let taken = TcpListener::bind((address, listen.port))
            .is_err_and(|error| error.kind() == ErrorKind::AddrInUse);
        if taken {
            return Err(StartError::PortTaken { address, port: listen.port }).or_fail(Code::Door);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_sent_away_is_counted() {
        assert_eq!(sent_away(0), None);
        let two = "2 callers were answered with 500: the cloud was shut down";
        assert_eq!(sent_away(2).as_deref(), Some(two));
        assert!(sent_away(1).expect("somebody").starts_with("1 caller was answered"));
    }

    #[test]
    fn a_taken_port_is_told_before_anything_is_built() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let port = taken.local_addr().expect("it is bound").port();
        let mut listen = Listen::loopback(port);
        listen.addresses.truncate(1);
        let failure = free(&listen).expect_err("it is taken");
        assert_eq!(failure.code, Code::Door);
        let told = failure.render(false);
        assert!(told.contains(&format!("port `{port}` of `127.0.0.1` is taken")), "{told}");
        drop(taken);
        free(&listen).expect("it is free again");
        free(&Listen::loopback(0)).expect("any port will do");
    }
}
