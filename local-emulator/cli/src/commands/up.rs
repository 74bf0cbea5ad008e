//! `lunch up`: a cloud that serves until it is told to end.
//!
//! To stdout goes `listening on http://…`, always the first line, and then what the functions write; everything that
//! is our own goes to stderr.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use std::time::Duration;

use comfy_table::Table;
use lunch_host::build::Sources;
use lunch_host::sandbox::Supervisor;
use lunch_host::wire::Ps;
use lunch_host::{Config, Durability, FunctionUrl, Host, Keeping, Listen, StartError};
use tokio::time::timeout;

use crate::args;
use crate::behaviour::unusual;
use crate::commands::anew;
use crate::commands::cloud::{self, Plan};
use crate::door::Door;
use crate::ending::Ending;
use crate::failure::{Code, Failure, OrFail as _};
use crate::lines::{Lines, Look};
use crate::say;
use crate::span;
use crate::summary::{plain_table, right_align};
use crate::watch::Watch;

/// Where `cargo lambda invoke` looks, and our own commands.
pub(crate) const USUAL_PORT: u16 = 9000;

pub(crate) async fn run(asked: args::Up, supervisor: Supervisor) -> Result<Code, Failure> {
    let listen = listen(&asked);
    let plan = Plan::read(&asked.cloud, listen.clone())?;
    free(&listen)?;
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
            Some(watch) => anew::follow(&host, &asked.cloud, watch).await,
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
    tokio::select! {
        code = end(host, lines) => ended.and(code),
        by = ending.asked() => {
            say::beside(format!("lunch: {by} once more: ended at once"));
            Ok(Code::Bad)
        }
    }
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

/// The line that a script waits for.
fn listening(addresses: &[SocketAddr], port: u16) -> String {
    format!("listening on {}\n", url(addresses, port))
}

/// Where a program on this machine finds the cloud.
fn url(addresses: &[SocketAddr], port: u16) -> String {
    match addresses.first() {
        Some(first) if !first.ip().is_unspecified() => format!("http://{first}"),
        Some(_) | None => format!("http://127.0.0.1:{port}"),
    }
}

/// A template's queues, each with the functions that are called with its messages.
fn queues(config: &Config) -> Vec<String> {
    let line = |queue: &lunch_host::template::Queue| {
        let mapped = config.mappings.iter().filter(|mapping| mapping.queue == queue.name);
        let functions: Vec<_> = mapped.map(|mapping| mapping.function.as_str()).collect();
        if functions.is_empty() {
            queue.name.clone()
        } else {
            format!("{} -> {}", queue.name, functions.join(", "))
        }
    };
    config.queues.iter().map(line).collect()
}

/// The functions' URLs.
fn urls(config: &Config) -> Vec<(String, FunctionUrl)> {
    let of_one = |function: &lunch_host::ServedFunction| {
        let name = function.name.clone();
        function.urls.clone().into_iter().map(move |url| (name.clone(), url))
    };
    config.functions.iter().flat_map(of_one).collect()
}

/// What stands below that line: taken from the configuration before the host has it.
#[derive(Debug)]
struct Banner {
    template: String,
    functions: String,
    first: String,
    /// A line for each queue.
    queues: Vec<String>,
    /// Functions, each with one of its URLs.
    urls: Vec<(String, FunctionUrl)>,
    region: String,
    not_served: Vec<String>,
    modelled: Option<String>,
    /// Where queues and events are.
    kept: String,
    /// By how much cloud time is ahead from the start: a store remembers it.
    ahead: Duration,
    /// What nobody expects who has not asked for it.
    unusual: Vec<String>,
    /// Why processes are not kept apart as they would be elsewhere.
    why_not_apart: Option<String>,
}

impl Banner {
    fn of(config: &Config, modelled: Option<String>) -> Self {
        let template = config.template.as_ref().map(|path| path.display().to_string());
        Self {
            template: template.unwrap_or_default(),
            functions: functions(config).trim_fmt(),
            first: config.functions.first().map(|one| one.name.clone()).unwrap_or_default(),
            queues: queues(config),
            urls: urls(config),
            region: config.region.clone(),
            not_served: config.not_served.clone(),
            modelled,
            kept: kept(config.keeping.as_ref()),
            ahead: Duration::ZERO,
            unusual: unusual(&config.settings),
            why_not_apart: None,
        }
    }

    fn render(&self, addresses: &[SocketAddr], port: u16) -> String {
        let mut text = String::new();
        self.write(&mut text, addresses, port).expect("a string takes what is written");
        text
    }

    fn write(&self, text: &mut String, addresses: &[SocketAddr], port: u16) -> std::fmt::Result {
        for address in addresses.iter().skip(1) {
            writeln!(text, "         and http://{address}")?;
        }
        writeln!(text, "\nserved from {}:\n{}", self.template, self.functions)?;
        if !self.queues.is_empty() {
            writeln!(text, "\nqueues:")?;
            self.queues.iter().try_for_each(|line| writeln!(text, "  {line}"))?;
        }
        self.urls(text, &url(addresses, port), port)?;
        if !self.not_served.is_empty() {
            writeln!(text, "\nnot served:")?;
            for line in &self.not_served {
                writeln!(text, "  {}", line.replace('\n', "\n  "))?;
            }
        }
        writeln!(
            text,
            "\ncold starts take what they take here{}",
            match &self.modelled {
                Some(modelled) => format!(", and more by a model: {modelled}"),
                None => " (`--cold-start rust-al2023` adds what AWS needs)".to_owned(),
            }
        )?;
        writeln!(
            text,
            "events (asynchronous invocations) that fail come again after 1 and 2 minutes, as on AWS\n\
             (`lunch advance 3m` is quicker); queues and events are {}\n\
             cloud time is {} ahead of this machine's; `lunch advance 11m` puts it 11m further",
            self.kept,
            span::clock(self.ahead)
        )?;
        self.unusual.iter().try_for_each(|sentence| writeln!(text, "{sentence}"))?;
        if let Some(why) = &self.why_not_apart {
            writeln!(text, "{why}")?;
        }
        self.calls(text, &url(addresses, port), port)
    }

    /// The functions' URLs: by the door's address, and by a name, which is an origin of its own.
    fn urls(&self, text: &mut String, url: &str, port: u16) -> std::fmt::Result {
        if self.urls.is_empty() {
            return Ok(());
        }
        writeln!(text, "\nfunction URLs, each with a name for browsers:")?;
        for (function, one) in &self.urls {
            let (by_path, by_host) =
                (one.by_path(function, url), one.by_host(function, &self.region, port));
            writeln!(text, "  {by_path} ({})\n    {by_host}", one.auth.name())?;
        }
        Ok(())
    }

    /// How to call it, ready for copying.
    fn calls(&self, text: &mut String, url: &str, port: u16) -> std::fmt::Result {
        let name = &self.first;
        let (ours, cargo_lambda) = if port == USUAL_PORT {
            (String::new(), String::new())
        } else {
            (format!(" --port {port}"), format!(" --invoke-port {port}"))
        };
        writeln!(text, "\ncall it:")?;
        if !name.is_empty() {
            writeln!(
                text,
                "\x20 lunch invoke {name}{ours}\n\
                 \x20 cargo lambda invoke {name}{cargo_lambda} --data-ascii '{{}}'\n\
                 \x20 aws lambda invoke --endpoint-url {url} --function-name {name} answer.json"
            )?;
        }
        let queue =
            if self.queues.is_empty() { String::new() } else { format!(", lunch queue ls{ours}") };
        writeln!(
            text,
            "\x20 AWS_ENDPOINT_URL={url} for every program with an AWS SDK\n\
             look at it: lunch ps{ours}, lunch timeline{ours}{queue}; end it: Ctrl-C"
        )
    }
}

/// Where queues and events are, and what they survive there.
fn kept(keeping: Option<&Keeping>) -> String {
    let Some(Keeping { folder, durability }) = keeping else {
        return "in memory, and end with `lunch`".to_owned();
    };
    let survive = match durability {
        Durability::Process => "the end of any process",
        Durability::Power => "the loss of power, too",
    };
    format!("in `{}`,\nand survive {survive} (`--ephemeral` keeps none)", folder.display())
}

fn functions(config: &Config) -> Table {
    let mut table = plain_table();
    table.set_header(["FUNCTION", "TIMEOUT", "MEMORY", "RESERVED"]);
    for function in &config.functions {
        table.add_row([
            function.name.clone(),
            span::clock(function.timeout),
            format!("{} MB", function.memory_mb),
            function.reserved.map_or_else(|| "-".to_owned(), |reserved| reserved.to_string()),
        ]);
    }
    right_align(&mut table, 1..4);
    table
}

#[cfg(test)]
mod tests {
    use lunch_host::ServedFunction;

    use super::*;

    fn config() -> Config {
        let mut coffee = ServedFunction::new("CoffeeFunction", "/code/bootstrap");
        coffee.timeout = Duration::from_secs(2);
        coffee.reserved = Some(12);
        let mut config = Config::new(vec![coffee, ServedFunction::new("tea", "/tea/bootstrap")]);
        config.template = Some("template.yaml".into());
        config
    }

    fn loopback(port: u16) -> [SocketAddr; 2] {
        [([127, 0, 0, 1], port).into(), (std::net::Ipv6Addr::LOCALHOST, port).into()]
    }

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

    #[test]
    fn the_first_line_is_for_scripts() {
        assert_eq!(listening(&loopback(9000), 9000), "listening on http://127.0.0.1:9000\n");
        let everywhere = [([0, 0, 0, 0], 4000).into()];
        assert_eq!(listening(&everywhere, 4000), "listening on http://127.0.0.1:4000\n");
    }

    #[test]
    fn a_newcomer_reads_what_is_served_and_how_to_call_it() {
        insta::assert_snapshot!(Banner::of(&config(), None).render(&loopback(9000), 9000));
    }

    #[test]
    fn a_functions_urls_are_told_with_their_names_for_browsers() {
        let mut config = config();
        config.functions[1].urls.push(FunctionUrl::default());
        let banner = Banner::of(&config, None).render(&loopback(4000), 4000);
        let id = FunctionUrl::default().id("tea");
        let told = format!(
            "  http://127.0.0.1:4000/lambda-url/tea/ (NONE)\n    http://{id}.lambda-url.us-east-1.localhost:4000/\n"
        );
        assert!(banner.contains(&told), "{banner}");
    }

    #[test]
    fn what_is_not_served_is_listed_and_another_port_stands_in_every_call() {
        let mut config = config();
        config.not_served = vec!["`Orders` (AWS::SQS::Queue): queues come later".to_owned()];
        config.settings.sqs.mischief.duplicate = 0.1;
        let modelled = Some("INIT takes at least a draw of `rust-al2023`".to_owned());
        config.keeping =
            Some(Keeping { folder: ".lunch/store".into(), durability: Durability::Process });
        let mut banner = Banner::of(&config, modelled);
        banner.ahead = Duration::from_secs(660);
        banner.why_not_apart = Some("namespaces are refused (`clone: EPERM`), so …".to_owned());
        insta::assert_snapshot!(banner.render(&loopback(4000), 4000));
    }
}
