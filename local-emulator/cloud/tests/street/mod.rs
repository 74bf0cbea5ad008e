//! A cloud that is told things in virtual time, and what it says to that, one short line a command.
#![expect(dead_code, reason = "each test file uses what it needs")]
#![expect(clippy::print_stderr, reason = "a failing test shows what came before")]

use std::time::Duration;

use lunch_cloud::{
    Cloud, Command, Event, FunctionConfig, InvocationKind, Notice, Phase, Record, ReplyAt, Settings,
};
use lunch_contract::{
    Exit, FunctionId, IdAllocator, InstanceId, Moment, Outcome, Participant, Process, QualifierId,
    Refusal, RequestId, ResponseEnding, RevisionId,
};

pub(crate) const COFFEE: FunctionId = FunctionId(0);
pub(crate) const TEA: FunctionId = FunctionId(1);

/// One cloud, and what it said to the last telling.
pub(crate) struct Street {
    pub(crate) cloud: Cloud<Vec<(Moment, Record)>>,
    ids: IdAllocator,
    now: Moment,
    said: Vec<String>,
    pub(crate) outcomes: Vec<(RequestId, Outcome)>,
}

/// AWS's defaults, but an instance is frozen after one millisecond already.
pub(crate) fn settings() -> Settings {
    Settings { freeze_after: Some(Duration::from_millis(1)), ..Settings::default() }
}

pub(crate) fn config(timeout_ms: u64) -> FunctionConfig {
    FunctionConfig { timeout: Duration::from_millis(timeout_ms), ..FunctionConfig::default() }
}

/// The `spawn`-th process of the `serial`-th instance, where no index was used again.
pub(crate) fn process(serial: u32, spawn: u32) -> Process {
    Process { instance: InstanceId { serial, index: serial }, spawn }
}

pub(crate) fn request(serial: u32) -> RequestId {
    RequestId { serial: u64::from(serial), index: serial }
}

impl Street {
    /// With one function, whose timeout is 3 s.
    pub(crate) fn new(settings: Settings) -> Self {
        let mut street = Self {
            cloud: Cloud::new(settings, Vec::new()),
            ids: IdAllocator::default(),
            now: Moment::ZERO,
            said: Vec::new(),
            outcomes: Vec::new(),
        };
        street.deploy(COFFEE, 1, config(3_000)).says::<0>([]);
        street
    }

    /// Time passes to that moment, from wake to wake.
    #[track_caller]
    pub(crate) fn at(&mut self, ms: u64) -> &mut Self {
        let to = Moment::from_millis(ms);
        assert!(to >= self.now, "time never goes back");
        self.quiet();
        while let Some((at, _)) = self.cloud.poll_timeout().filter(|(at, _)| *at <= to) {
            assert!(at >= self.now, "a wake at {at} when it is {}", self.now);
            self.now = at;
            self.cloud.handle_timeout(at);
            self.drain();
        }
        self.now = to;
        self
    }

    #[track_caller]
    pub(crate) fn tell(&mut self, event: Event) -> &mut Self {
        self.quiet();
        let told = event.clone();
        if let Err(refusal) = self.cloud.handle(self.now, event) {
            self.said.push(format!("refused {told:?}: {refusal:?}"));
        }
        self.drain();
        self
    }

    /// Tells at that moment, without having kept the wakes before it: a driver whose timer is late.
    pub(crate) fn tell_late(&mut self, ms: u64, event: Event) -> Result<(), Refusal> {
        self.now = Moment::from_millis(ms);
        let verdict = self.cloud.handle(self.now, event);
        self.drain();
        verdict
    }

    /// What is said to an event, or why it is refused.
    pub(crate) fn tell_and_hear(&mut self, event: Event) -> Result<Vec<String>, Refusal> {
        self.cloud.handle(self.now, event)?;
        self.drain();
        Ok(std::mem::take(&mut self.said))
    }

    pub(crate) fn refused(&mut self, event: Event) -> Refusal {
        self.quiet();
        let refusal = self.cloud.handle(self.now, event).expect_err("the event is refused");
        assert_eq!(self.cloud.poll_command(), None, "a refusal commands nothing");
        refusal
    }

    /// Checks what was said to the last telling: all of it, and nothing else.
    #[track_caller]
    pub(crate) fn says<const N: usize>(&mut self, expected: [&str; N]) -> &mut Self {
        let said = std::mem::take(&mut self.said);
        if said != expected {
            let records = self.cloud.trace();
            for (at, record) in &records[records.len().saturating_sub(20)..] {
                eprintln!("{at} {record:?}");
            }
        }
        assert_eq!(said, expected, "at {}", self.now);
        self
    }

    /// Whatever was said, it is not looked at.
    pub(crate) fn whatever(&mut self) -> &mut Self {
        self.said.clear();
        self
    }

    pub(crate) fn deploy(
        &mut self,
        function: FunctionId,
        revision: u32,
        config: FunctionConfig,
    ) -> &mut Self {
        self.tell(Event::Deploy { function, revision: RevisionId(revision), config })
    }

    pub(crate) fn reserve(&mut self, concurrency: u32) -> &mut Self {
        self.tell(Event::Reserve { function: COFFEE, concurrency: Some(concurrency) })
    }

    /// The next request, for coffee; requests are numbered from 0 and no id comes again here.
    #[track_caller]
    pub(crate) fn invoke(&mut self) -> &mut Self {
        self.invoke_with(COFFEE, InvocationKind::RequestResponse, ReplyAt::Response)
    }

    #[track_caller]
    pub(crate) fn invoke_with(
        &mut self,
        function: FunctionId,
        kind: InvocationKind,
        reply: ReplyAt,
    ) -> &mut Self {
        let (index, serial) = self.ids.allocate();
        self.tell(Event::Invoke {
            request: RequestId { serial, index },
            function,
            kind,
            reply,
            qualifier: QualifierId::LATEST,
        })
    }

    #[track_caller]
    pub(crate) fn next(&mut self, process: Process) -> &mut Self {
        self.tell(Event::Next { process, participant: Participant::Runtime })
    }

    /// The whole answer at once.
    #[track_caller]
    pub(crate) fn respond(&mut self, process: Process, r: u32) -> &mut Self {
        self.end(process, r, ResponseEnding::Complete)
    }

    #[track_caller]
    pub(crate) fn end(&mut self, process: Process, r: u32, ending: ResponseEnding) -> &mut Self {
        let error = ending == ResponseEnding::Error;
        self.tell(Event::ResponseStarted { process, request: request(r), error }).says::<0>([]);
        self.tell(Event::ResponseEnded { process, request: request(r), ending })
    }

    #[track_caller]
    pub(crate) fn exit(&mut self, process: Process, exit: Exit) -> &mut Self {
        self.tell(Event::Exited { process, exit })
    }

    /// A request from its arrival in a new instance to its end there: at once, and nothing is looked at.
    #[track_caller]
    pub(crate) fn serve_cold(&mut self, process: Process, r: u32) -> &mut Self {
        self.invoke().whatever();
        self.next(process).whatever();
        self.respond(process, r).whatever();
        self.next(process).whatever()
    }

    /// A request in an instance that is there: at once, and nothing is looked at.
    #[track_caller]
    pub(crate) fn serve_warm(&mut self, process: Process, r: u32) -> &mut Self {
        self.invoke().whatever();
        self.respond(process, r).whatever();
        self.next(process).whatever()
    }

    pub(crate) fn phases(&self) -> Vec<(String, Phase)> {
        self.cloud.instances().map(|view| (view.instance.to_string(), view.phase)).collect()
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.cloud.trace().iter().map(|(_, record)| record)
    }

    #[track_caller]
    fn quiet(&self) {
        assert_eq!(self.said, Vec::<String>::new(), "what was said before was looked at");
    }

    fn drain(&mut self) {
        while let Some(command) = self.cloud.poll_command() {
            if let Command::Reply { request, outcome, .. } = &command {
                self.outcomes.push((*request, outcome.clone()));
            }
            self.said.push(line(&command));
        }
    }
}

fn line(command: &Command) -> String {
    match command {
        Command::Spawn { process, .. } => format!("spawn {process}"),
        Command::Deliver { process, request, deadline } => {
            format!("deliver {request} to {process} until {deadline}")
        }
        Command::Notify { process, extension, notice: Notice::Invoke { request, deadline } } => {
            format!("notify {process} extension {extension} of {request} until {deadline}")
        }
        Command::Reply { request, outcome, .. } => match outcome {
            Outcome::Exited { exit } => format!("reply {request}: exited, {exit}"),
            Outcome::Throttled { reason } => format!("reply {request}: {}", reason.name()),
            Outcome::Returned
            | Outcome::FunctionError
            | Outcome::InitError
            | Outcome::TimedOut { .. }
            | Outcome::SpawnFailed { .. }
            | Outcome::ResponseTooLarge
            | Outcome::ResponseTruncated
            | Outcome::ShutDown => format!("reply {request}: {}", outcome.word()),
        },
        Command::Release { request } => format!("release {request}"),
        Command::Freeze { process } => format!("freeze {process}"),
        Command::Thaw { process } => format!("thaw {process}"),
        Command::Terminate { process } => format!("terminate {process}"),
        Command::Kill { process } => format!("kill {process}"),
        Command::Retire { instance } => format!("retire {instance}"),
        Command::Queue(command) => format!("{command:?}"),
        Command::Source(command) => format!("{command:?}"),
        Command::Asynchronous(command) => format!("{command:?}"),
        Command::Ecs(command) => format!("{command:?}"),
    }
}
