//! The running cloud: started, looked at, ended.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use lunch_cloud::Settings;

use crate::clock::Clock;
use crate::driver::{
    DeployError, Deployed, Deployment, Driver, LogSink, Parts, Processes, ServiceDeployment,
    Shared, Task,
};
use crate::engine::Engine;
use crate::environment::EnvironmentFiles;
use crate::front_door::{self, About, Door, Hosts};
use crate::function::ServedFunction;
use crate::journal::Journal;
use crate::store::{Keeping, Store, StoreError};
use crate::tasks::Tasks;
use crate::template;

/// What a cloud is started with.
pub struct Config {
    /// The functions that it serves.
    pub functions: Vec<ServedFunction>,
    /// How it decides.
    pub settings: Settings,
    /// Variables for the functions, beside the template's own.
    pub environment: EnvironmentFiles,
    /// The region that ARNs name.
    pub region: String,
    /// The account that ARNs name.
    pub account: String,
    /// Where callers find it.
    pub listen: Listen,
    /// The template's path, for who looks.
    pub template: Option<PathBuf>,
    /// What the template has and this cloud does not serve, in sentences.
    pub not_served: Vec<String>,
    /// Log groups that are there before anybody logs.
    pub log_groups: Vec<String>,
    /// The queues that are there from the start.
    pub queues: Vec<template::Queue>,
    /// What functions are called with messages of which queues.
    pub mappings: Vec<template::Mapping>,
    /// What it serves of ECS.
    pub tasks: Tasks,
    /// What runs the tasks' containers; `None`: a process stands for each.
    pub engine: Option<Engine>,
    /// Where queues and messages are kept beyond the end of the process, if they are.
    pub keeping: Option<Keeping>,
    /// Where the journal is written, if one is.
    pub journal: Option<PathBuf>,
    /// Takes every line that a function writes.
    pub sink: Option<LogSink>,
    /// How many lines of the timeline are kept.
    pub timeline_lines_max: usize,
}

impl Config {
    /// A cloud with those functions, all else as it is by default, on a free port.
    #[must_use]
    pub fn new(functions: Vec<ServedFunction>) -> Self {
        Self {
            functions,
            settings: Settings::default(),
            environment: EnvironmentFiles::default(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            listen: Listen::loopback(0),
            template: None,
            not_served: Vec::new(),
            log_groups: Vec::new(),
            queues: Vec::new(),
            mappings: Vec::new(),
            tasks: Tasks::default(),
            engine: None,
            keeping: None,
            journal: None,
            sink: None,
            timeline_lines_max: 32_768,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("functions", &self.functions)
            .field("settings", &self.settings)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

/// Where callers find a cloud, and by which names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The port, the same on all addresses; 0: any that is free.
    pub port: u16,
    /// The addresses.
    pub addresses: Vec<IpAddr>,
    /// Names that a `Host` header may have beside loopback's and the addresses'.
    pub allow_hosts: Vec<String>,
}

impl Listen {
    /// On 127.0.0.1 and, where there is IPv6, `::1`.
    #[must_use]
    pub fn loopback(port: u16) -> Self {
        let addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        Self { port, addresses, allow_hosts: Vec::new() }
    }
}

/// Why a cloud did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error(
        "port `{port}` of `{address}` is taken\n(stop whoever listens there, or choose another by `--port`)"
    )]
    PortTaken {
        /// The address.
        address: IpAddr,
        /// The port.
        port: u16,
    },
    /// The operating system refuses the address.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address, with its port.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The journal cannot be written.
    #[error("cannot write the journal `{}`", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Two functions have the same name.
    #[error("two functions are called `{name}`\n(give one of them another `FunctionName`)")]
    SameName {
        /// The name.
        name: String,
    },
    /// The functions reserve more than the account has.
    #[error(
        "`{name}` reserves `{concurrency}` of the account's concurrency, which leaves less than the unreserved minimum of `{minimum}`\n(lower `ReservedConcurrentExecutions`, or start with `--limits relaxed`)"
    )]
    Reserved {
        /// The function's name.
        name: String,
        /// What it reserves.
        concurrency: u32,
        /// What must stay unreserved.
        minimum: u32,
    },
    /// A queue cannot be as the template has it.
    #[error("the queue `{name}` cannot be made\n  because SQS says: {why}")]
    Queue {
        /// The queue's name.
        name: String,
        /// What SQS says.
        why: String,
    },
    /// A service or its task definition cannot be as the template has it.
    #[error("the service or task definition `{name}` cannot be made\n  because ECS says: {why}")]
    Service {
        /// Its name.
        name: String,
        /// What ECS says.
        why: String,
    },
    /// Queues and messages cannot be kept, or what was kept cannot be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system refuses something that every cloud needs.
    #[error("the operating system refuses what the cloud needs")]
    System(#[from] io::Error),
}

/// A running cloud. It runs for as long as this lives, on the `LocalRuntime` (or `LocalSet`) that it was started in;
/// all of it on one thread.
#[derive(Debug)]
pub struct Host {
    driver: Shared,
    addresses: Vec<SocketAddr>,
    door: Rc<Door>,
    /// What takes connections.
    doors: Vec<Task>,
}

impl Host {
    /// Starts a cloud: from here on it listens. To be called inside a `tokio::runtime::LocalRuntime` or a
    /// `tokio::task::LocalSet`.
    ///
    /// # Errors
    /// If it cannot listen, or a function cannot be served as it is described.
    pub fn start(config: Config, processes: Box<dyn Processes>) -> Result<Self, StartError> {
        if let Some(name) = same_name(&config.functions) {
            return Err(StartError::SameName { name });
        }
        let bound = front_door::bind(&config.listen)?;
        let journal = config.journal.as_deref().map(|path| {
            Journal::create(path, &config.settings)
                .map_err(|source| StartError::Journal { path: path.to_owned(), source })
        });
        let minimum = config.settings.limits.unreserved_concurrency_min;
        let kept = config.keeping.as_ref().map(|keeping| Store::open(keeping, bound.port()));
        let kept = kept.transpose()?;
        let progress = kept.as_ref().and_then(|(_, kept)| kept.progress);
        let driver = Driver::start(Parts {
            clock: progress.map_or_else(Clock::start, |reached| {
                Clock::resume(reached.wall_epoch, reached.ahead, reached.now)
            }),
            settings: config.settings,
            deployed: Deployed::new(
                config.functions,
                &config.environment,
                config.region.clone(),
                config.account.clone(),
                bound.endpoint(),
            ),
            processes,
            engine: config.engine,
            journal: journal.transpose()?,
            log_groups: config.log_groups,
            sink: config.sink,
            timeline_lines_max: config.timeline_lines_max,
        })?;
        let deployed = driver.borrow_mut().deploy();
        deployed.map_err(|(name, concurrency)| StartError::Reserved {
            name,
            concurrency,
            minimum,
        })?;
        if let Some((store, kept)) = kept {
            driver.borrow_mut().resume(store, kept);
        }
        let addresses = bound.addresses().to_vec();
        let door = Rc::new(Door {
            driver: Rc::clone(&driver),
            hosts: Hosts::of(&config.listen),
            about: About {
                port: bound.port(),
                listening: addresses.iter().map(|address| format!("http://{address}")).collect(),
                template: config.template,
                not_served: RefCell::new(config.not_served),
                region: config.region,
                account: config.account,
            },
        });
        front_door::declare(&door, &config.queues)
            .map_err(|(name, why)| StartError::Queue { name, why })?;
        driver.borrow_mut().map_all(&config.mappings);
        let served = driver.borrow_mut().serve_tasks(config.tasks);
        served.map_err(|(name, why)| StartError::Service { name, why })?;
        let doors = bound.serve(&door);
        Ok(Self { driver, addresses, door, doors })
    }

    /// By how much cloud time is ahead of this machine's.
    #[must_use]
    pub fn ahead(&self) -> Duration {
        Duration::from_millis(self.driver.borrow().ahead_ms())
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.addresses.first().map_or(0, SocketAddr::port)
    }

    /// All addresses that it listens on, with the port.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Puts what was read and built again in the place of what serves, as a deployment does: new revisions serve from now
    /// on, instances of the old ones finish what they have in hand and go, and services replace their tasks. Who has not
    /// changed is left alone and not told of. Queues get the attributes that they are given; a queue that is not given any
    /// more stays, with all that is in it. What else a configuration says is what the cloud was started with.
    ///
    /// # Errors
    /// If the functions cannot all be served; then everything stays as it was. If a queue or a service cannot be as it is
    /// given; what came before it is deployed.
    pub fn deploy(
        &self,
        config: Config,
    ) -> Result<(Vec<Deployment>, Vec<ServiceDeployment>), DeployError> {
        let functions =
            self.driver.borrow_mut().deploy_again(config.functions, &config.environment)?;
        front_door::declare(&self.door, &config.queues)
            .map_err(|(name, why)| DeployError::Queue { name, why })?;
        self.driver.borrow_mut().map_all(&config.mappings);
        *self.door.about.not_served.borrow_mut() = config.not_served;
        let services = self.driver.borrow_mut().serve_tasks(config.tasks);
        let services = services.map_err(|(name, why)| DeployError::Service { name, why })?;
        Ok((functions, services))
    }

    /// Waits until the cloud can go on no more (the supervisor is gone), and says why. For ever, if all is well.
    pub async fn lost(&self) -> String {
        loop {
            let lost = self.driver.borrow().lost();
            match lost {
                Ok(sentence) => return sentence,
                Err(told) => told.notified().await,
            }
        }
    }

    /// Ends the cloud: every caller is answered, every process is ended, the journal is complete on the disk.
    /// Answers with the faults of its own that it met; there should be none.
    pub async fn shut_down(self) -> Vec<String> {
        // The doors stay open meanwhile: tasks that are told to end have orders to give back by them. Whoever wants to
        // invoke is told that the cloud ends.
        Driver::shut_down(&self.driver).await;
        drop(self.doors);
        self.driver.borrow_mut().world.queues.close_store();
        let journal = self.driver.borrow_mut().take_journal();
        let mut faults = self.driver.borrow().faults();
        if let Some(Err(fault)) = journal.map(Journal::finish) {
            faults.push(fault);
        }
        faults
    }
}

fn same_name(functions: &[ServedFunction]) -> Option<String> {
    let mut names = BTreeSet::new();
    let mut all = functions.iter().map(|function| &function.name);
    all.find(|name| !names.insert(*name)).cloned()
}
