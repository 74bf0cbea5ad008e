//! What `up` says when it serves: of what, and how to call it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use comfy_table::Table;
use lunch_host::engine::Engine;
use lunch_host::{Config, Durability, FunctionUrl, Keeping};

use super::USUAL_PORT;
use crate::behaviour::unusual;
use crate::span;
use crate::summary::{plain_table, right_align};

/// The line that a script waits for.
pub(super) fn listening(addresses: &[SocketAddr], port: u16) -> String {
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

/// The services whose tasks run here, each with how many it wants and of what.
fn services(config: &Config) -> Vec<String> {
    let line = |service: &lunch_host::template::Service| {
        let tasks = if service.desired == 1 { "task" } else { "tasks" };
        format!("{}: {} {tasks} of {}", service.name, service.desired, service.family)
    };
    config.tasks.services.iter().map(line).collect()
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
pub(super) struct Banner {
    template: String,
    functions: String,
    first: String,
    /// A line for each queue.
    queues: Vec<String>,
    /// The services, each with how many tasks it wants.
    services: Vec<String>,
    /// What runs their containers, where processes do not stand for them.
    engine: Option<String>,
    /// Functions, each with one of its URLs.
    urls: Vec<(String, FunctionUrl)>,
    region: String,
    not_served: Vec<String>,
    modelled: Option<String>,
    /// Where queues and events are.
    kept: String,
    /// By how much cloud time is ahead from the start: a store remembers it.
    pub(super) ahead: Duration,
    /// What nobody expects who has not asked for it.
    unusual: Vec<String>,
    /// Why processes are not kept apart as they would be elsewhere.
    pub(super) why_not_apart: Option<String>,
}

impl Banner {
    pub(super) fn of(config: &Config, modelled: Option<String>) -> Self {
        let template = config.template.as_ref().map(|path| path.display().to_string());
        Self {
            template: template.unwrap_or_default(),
            functions: functions(config).trim_fmt(),
            first: config.functions.first().map(|one| one.name.clone()).unwrap_or_default(),
            queues: queues(config),
            services: services(config),
            engine: config.engine.as_ref().map(Engine::words),
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

    pub(super) fn render(&self, addresses: &[SocketAddr], port: u16) -> String {
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
        if !self.services.is_empty() {
            match &self.engine {
                Some(engine) => writeln!(text, "\nservices, as containers of {engine}:")?,
                None => writeln!(text, "\nservices:")?,
            }
            self.services.iter().try_for_each(|line| writeln!(text, "  {line}"))?;
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
    use lunch_contract::ecs::Percents;
    use lunch_host::ServedFunction;
    use lunch_host::template::{Service, Span};

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
    fn a_service_is_told_with_how_many_tasks_it_wants() {
        let mut config = config();
        let service = |name: &str, desired| Service {
            logical_id: name.to_owned(),
            name: name.to_owned(),
            cluster: "street".to_owned(),
            family: "kitchen".to_owned(),
            desired,
            percents: Percents::default(),
            breaker: None,
            at: Span { line: 1, column: 1 },
        };
        config.tasks.services = vec![service("burger", 1), service("salad", 2)];
        let banner = Banner::of(&config, None).render(&loopback(9000), 9000);
        let told = "services:\n  burger: 1 task of kitchen\n  salad: 2 tasks of kitchen\n";
        assert!(banner.contains(told), "{banner}");
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
