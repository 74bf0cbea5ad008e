//! A process begins: its listener, its output, its environment; and what it writes from then on.

use std::net::{Ipv4Addr, TcpListener};
use std::rc::{Rc, Weak};

use lunch_cloud::Event;
use lunch_contract::{FunctionId, InstanceId, Moment, Process, SpawnFailure, names};

use super::deployed::header;
use super::instance::{Connections, Instance, Running, Task};
use super::processes::Launch;
use super::temporary::TemporaryFolder;
use super::world::HostWorld;
use crate::environment::{self, Place};
use crate::logs::{Drained, LineCutter, Lines, Output};
use crate::runtime_api;
use crate::wire::{LogLine, Note};

impl HostWorld {
    /// Starts a process; the first of an instance comes with the instance.
    pub(super) fn spawn(&mut self, now: Moment, process: Process, function: FunctionId) {
        let begun = self.begin(now, process, function);
        if let Err(error) = begun {
            let why = format!("the operating system refuses what a process needs: {error}");
            self.timeline.note(now, Note::NotStarted { process, why });
            let errno = error.raw_os_error().unwrap_or_default();
            let why = SpawnFailure::Host { errno };
            self.deferred.push_back(Event::SpawnFailed { process, why });
        }
    }

    fn begin(
        &mut self,
        now: Moment,
        process: Process,
        function: FunctionId,
    ) -> std::io::Result<()> {
        if self.instances.of(process.instance).is_none() {
            let instance = self.instance(now, process.instance, function)?;
            self.instances.insert(instance);
        }
        let (output, write) = Output::open()?;
        let output = Rc::new(output);
        let deployed = self.deployed.of(function);
        let instance =
            self.instances.of_mut(process.instance).expect("it was inserted if it was not there");
        let environment = environment::of_process(
            &deployed.served,
            &deployed.variables,
            Place {
                region: &self.deployed.region,
                endpoint: &self.deployed.endpoint,
                runtime_api: &instance.runtime_api,
                log_stream: &instance.log_stream,
                temporary: instance.temporary.path(),
            },
        );
        let follower = follow(Weak::clone(&self.driver), Rc::clone(&output), process);
        instance.running = Some(Running {
            process,
            pid: None,
            isolation: None,
            output,
            cutter: LineCutter::default(),
            next: None,
            extensions: Vec::new(),
            connections: Rc::new(Connections::default()),
            follower,
        });
        self.processes.spawn(Launch {
            process,
            program: deployed.served.program.clone(),
            code: deployed.served.code.clone(),
            environment,
            output: write,
        });
        Ok(())
    }

    /// An instance's own: a listener, a log stream, a temporary folder.
    fn instance(
        &mut self,
        now: Moment,
        id: InstanceId,
        function: FunctionId,
    ) -> std::io::Result<Instance> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let runtime_api = listener.local_addr()?.to_string();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let log_stream = names::log_stream(self.clock.wall_of(now).as_secs(), self.names.wide());
        let listening = runtime_api::listen(Weak::clone(&self.driver), listener, id);
        Ok(Instance {
            id,
            name: header(&id.to_string()),
            function,
            runtime_api,
            log_stream,
            temporary: TemporaryFolder::make(&self.names.wide().to_string())?,
            running: None,
            delivered: Vec::new(),
            last: None,
            init_error: hyper::body::Bytes::new(),
            lines: Lines::default(),
            listener: Task(tokio::task::spawn_local(listening)),
        })
    }

    /// Reads what the instance's process has written so far. `End`: nobody can write any more.
    pub(crate) fn drain(&mut self, id: InstanceId) -> Drained {
        self.drain_by(id, |output, buffer, piece| output.drain(buffer, piece))
    }

    fn drain_by(
        &mut self,
        id: InstanceId,
        drain: impl FnOnce(&Output, &mut [u8], &mut dyn FnMut(&[u8])) -> Drained,
    ) -> Drained {
        let Some(instance) = self.instances.of_mut(id) else { return Drained::End };
        let Some(running) = &mut instance.running else { return Drained::End };
        let output = Rc::clone(&running.output);
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut lines = Vec::new();
        let drained = drain(&output, &mut buffer, &mut |piece| {
            running.cutter.cut(piece, |line| lines.push(line.to_owned()));
        });
        self.buffer = buffer;
        self.log(id, lines);
        drained
    }

    /// Reads the last of a process that has ended.
    pub(crate) fn drain_last(&mut self, id: InstanceId) {
        // A process that was left behind and is being ended may still have written without end.
        for _ in 0..LAST_DRAINS_MAX {
            if self.drain(id) != Drained::More {
                break;
            }
        }
        self.end_line(id);
    }

    /// Reads what was written before that which is acted on now, as far as the process itself did it.
    pub(crate) fn drain_before(&mut self, id: InstanceId) {
        self.drain_by(id, |output, buffer, piece| output.drain_known(buffer, piece));
        self.end_line(id);
    }

    /// Reads what an invocation has written: what it left without an end is a line of its own, so that what the next
    /// one writes does not stick to it.
    pub(crate) fn drain_invocation(&mut self, id: InstanceId) {
        self.drain(id);
        self.end_line(id);
    }

    fn end_line(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.of_mut(id) else { return };
        let Some(running) = &mut instance.running else { return };
        let mut lines = Vec::new();
        running.cutter.end(|line| lines.push(line.to_owned()));
        self.log(id, lines);
    }

    /// Keeps lines, tells them on, and counts them to the request that the instance has in hand or had last.
    fn log(&mut self, id: InstanceId, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        let now = self.clock.now();
        let Some(instance) = self.instances.of_mut(id) else { return };
        let function = &self.deployed.of(instance.function).served.name;
        for text in lines {
            if let Some(delivered) = instance.delivered.last()
                && let Some(request) = self.requests.of_mut(delivered.request)
            {
                request.log(&text);
            }
            let line = LogLine {
                at: now,
                instance: id,
                function: function.clone(),
                request_id: instance.last.map(|uuid| uuid.to_string()),
                text,
            };
            if let Some(sink) = &mut self.sink {
                sink(&line);
            }
            instance.lines.keep(line);
        }
    }
}

/// So often the output of an ended process is read.
const LAST_DRAINS_MAX: usize = 64;

/// Follows a process's output until its end.
fn follow(
    driver: Weak<std::cell::RefCell<super::Driver>>,
    output: Rc<Output>,
    process: Process,
) -> Task {
    Task(tokio::task::spawn_local(async move {
        let drain = || match driver.upgrade() {
            Some(driver) => {
                let mut driver = driver.borrow_mut();
                match driver.world.instances.running(process) {
                    Some(_) => driver.world.drain(process.instance),
                    None => Drained::End,
                }
            }
            None => Drained::End,
        };
        output.follow(drain).await;
    }))
}
