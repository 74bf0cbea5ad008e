//! A process begins: its listener, its output, its environment; and what it writes from then on.

use std::path::Path;
use std::rc::{Rc, Weak};

use lunch_cloud::Event;
use lunch_contract::{FunctionId, InstanceId, Moment, Process, SpawnFailure, names};

use super::address;
use super::deployed::header;
use super::instance::{Connections, Instance, Running, Task, Waiters};
use super::log::follow;
use super::memory::{Memory, MemoryUse};
use super::processes::{Folders, Launch};
use super::temporary::TemporaryFolder;
use super::world::{Deferred, HostWorld};
use crate::environment::{self, Place};
use crate::logs::{LineCutter, Output, Stream};
use crate::runtime_api;
use crate::wire::Note;

impl HostWorld {
    /// Starts a process; the first of an instance comes with the instance.
    pub(super) fn spawn(&mut self, now: Moment, process: Process, function: FunctionId) {
        let begun = self.begin(now, process, function);
        if let Err(error) = begun {
            let why = format!("the operating system refuses what a process needs: {error}");
            self.timeline.note(now, Note::NotStarted { process, why });
            let errno = error.raw_os_error().unwrap_or_default();
            let why = SpawnFailure::Host { errno };
            self.deferred.push_back(Deferred::Tell(Event::SpawnFailed { process, why }.into()));
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
        let folders = match instance.temporary {
            None => Folders::Own { tmp_mb: deployed.served.ephemeral_storage_mb },
            Some(_) => Folders::Host,
        };
        let environment = environment::of_process(
            &deployed.served,
            &deployed.variables,
            Place {
                region: &self.deployed.region,
                endpoint: &self.deployed.endpoint,
                runtime_api: &instance.runtime_api,
                log_stream: &instance.log_stream,
                temporary: instance.temporary.as_ref().map(TemporaryFolder::path),
            },
        );
        let follower = follow(Weak::clone(&self.driver), Rc::clone(&output), process);
        instance.running = Some(Running {
            process,
            pid: None,
            isolation: None,
            output,
            cutter: LineCutter::default(),
            memory: Memory::default(),
            next: Waiters::default(),
            extensions: Vec::new(),
            connections: Rc::new(Connections::default()),
            follower,
        });
        self.processes.spawn(Launch {
            process: process.into(),
            program: deployed.served.program.clone(),
            code: deployed.served.code.clone(),
            arguments: Vec::new(),
            folders,
            environment,
            output: write,
        });
        Ok(())
    }

    /// An instance's own: a listener, a log stream, and where it has no `/tmp` of its own, a temporary folder.
    fn instance(
        &mut self,
        now: Moment,
        id: InstanceId,
        function: FunctionId,
    ) -> std::io::Result<Instance> {
        let listener = address::listen(&mut self.names)?;
        let runtime_api = listener.local_addr()?.to_string();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let served = &self.deployed.of(function).served;
        let (unix_secs, unique) = (self.clock.wall_of(now).as_secs(), self.names.wide());
        let log_stream = match served.log_group {
            None => names::log_stream(unix_secs, unique),
            Some(_) => names::log_stream_of_group(unix_secs, &served.name, unique),
        };
        let stream = self.logs.open(Stream {
            name: log_stream.clone(),
            group: Rc::clone(&self.deployed.of(function).log_group),
            by: id.into(),
            function: Some(function),
            called: served.name.as_str().into(),
            logging: served.logging,
            born: now,
            span: None,
        });
        let temporary = self.temporary(now, id, function)?;
        let listening = runtime_api::listen(Weak::clone(&self.driver), listener, id);
        Ok(Instance {
            id,
            name: header(&id.to_string()),
            function,
            runtime_api,
            log_stream,
            temporary,
            running: None,
            delivered: Vec::new(),
            last: None,
            init_error: hyper::body::Bytes::new(),
            init_error_type: String::new(),
            init_began: now,
            stream,
            memory: MemoryUse::default(),
            listener: Task(tokio::task::spawn_local(listening)),
        })
    }

    /// What an instance has that can have no folders of its own.
    fn temporary(
        &mut self,
        now: Moment,
        instance: InstanceId,
        function: FunctionId,
    ) -> std::io::Result<Option<TemporaryFolder>> {
        if self.processes.has_folders() {
            let served = &self.deployed.of(function).served;
            if is_within(&served.program, &served.code) {
                return Ok(None);
            }
            let program = served.program.display();
            let why = format!("`{program}` is a link to what is not beside it");
            self.timeline.note(now, Note::InPlace { instance, why });
        }
        TemporaryFolder::make(&self.names.wide().to_string()).map(Some)
    }
}

/// Whether a program that is to be found in a folder is there itself, and not by a link to somewhere else.
fn is_within(program: &Path, folder: &Path) -> bool {
    let is_link = program.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    if !is_link {
        return program.starts_with(folder);
    }
    match (program.canonicalize(), folder.canonicalize()) {
        (Ok(program), Ok(folder)) => program.starts_with(folder),
        // It leads nowhere, which is told when it is started.
        (Err(_), _) | (_, Err(_)) => true,
    }
}
