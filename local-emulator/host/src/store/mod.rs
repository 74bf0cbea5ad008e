//! What survives the end of the process: queues, messages, deduplication ids, moves, events, and the cloud's clock.
//!
//! The machine says what to keep, as changes; this adds the bytes that it does not know. Where an acknowledgement promises
//! no more than to survive processes, a commit is a copy into the operating system's memory, and is made by the cloud's own
//! thread, for all that wants it at the moment: two switches between threads would cost four times as much. Whatever waits for a disk is a thread's work, which
//! makes all that has come meanwhile safe at once. One dependency stands behind [`Disk`]; what the files look like stands
//! in `sqlite`.

mod format;
mod lock;
mod rows;
mod sqlite;

use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use lunch_cloud::sqs::{Change, DedupKey, StoredDedup};
use lunch_contract::Moment;
use lunch_contract::sqs::{MessageId, QueueId, SequenceNumber};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use crate::destinations::EventInvokeConfig;
use crate::event_source::Settings;
use crate::function_url::FunctionUrl;
use crate::queues::{Message, Queue};
use crate::uuid::Uuid;

pub(crate) use self::lock::Lock;

/// What an acknowledgement promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// It survives the end of any process at any moment.
    #[default]
    Process,
    /// It survives the loss of power, too.
    Power,
}

/// Where things are kept, and how safely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// The folder, which is made if it is not there.
    pub folder: PathBuf,
    /// What an acknowledgement promises.
    pub durability: Durability,
}

/// Something to be made safe. Those of one batch are safe together or not at all.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    /// A change of the machine's; those of deduplication ids have their own.
    Change(Change),
    /// A message's bytes.
    Body { id: MessageId, message: Message },
    /// A message is sent anew, under another id.
    Renewed { id: MessageId, uuid: Uuid },
    /// A message's bytes are nobody's any more.
    Forgotten { id: MessageId },
    /// A deduplication id is taken; a duplicate is answered with that.
    Taken { stored: StoredDedup, uuid: Uuid },
    /// What the machine need not know of a queue.
    About { id: QueueId, queue: Box<Queue> },
    /// An event was accepted.
    Event(Arc<StoredEvent>),
    /// An event has failed, and comes again then.
    Retried { uuid: Uuid, attempts: u32, throttles: u32, next: Moment },
    /// An event comes no more.
    Ended { uuid: Uuid },
    /// An event source mapping that a call has made is set so.
    Mapping { uuid: Uuid, settings: Box<Settings> },
    /// An event source mapping is deleted.
    Unmapped { uuid: Uuid },
    /// A call has said how a function's events are tried again.
    EventConfig(Box<StoredEventConfig>),
    /// A call has taken that back.
    EventConfigGone { function: String, qualifier: String },
    /// A call has made a function URL, or set it anew.
    Url(Box<StoredUrl>),
    /// A call has taken it away.
    UrlGone { function: String, qualifier: String },
    /// How far everything has come.
    Progress(Progress),
}

/// An event that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredEvent {
    pub(crate) uuid: Uuid,
    /// Its function's name.
    pub(crate) function: String,
    pub(crate) payload: Vec<u8>,
    /// As a qualifier.
    pub(crate) version: String,
    pub(crate) arn: String,
    pub(crate) trace_id: String,
    pub(crate) client_context: Option<String>,
    pub(crate) accepted: Moment,
    /// How often its function was called with it.
    pub(crate) attempts: u32,
    /// How often in a row nobody took it.
    pub(crate) throttles: u32,
    /// When it is tried again; `None`: it was being tried.
    pub(crate) next: Option<Moment>,
}

/// What a call has said of a function's events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredEventConfig {
    /// The function's name.
    pub(crate) function: String,
    pub(crate) qualifier: String,
    pub(crate) config: EventInvokeConfig,
    /// Milliseconds since 1970.
    pub(crate) modified_ms: u64,
}

/// A function URL that a call has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredUrl {
    /// The function's name.
    pub(crate) function: String,
    pub(crate) config: FunctionUrl,
    /// Milliseconds since 1970.
    pub(crate) created_ms: u64,
    /// Milliseconds since 1970.
    pub(crate) modified_ms: u64,
}

/// How far everything has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The latest moment that anything is stored of.
    pub(crate) now: Moment,
    /// Wall-clock time of the first run's epoch, since 1970.
    pub(crate) wall_epoch: Duration,
    /// How far the cloud is ahead of the machine.
    pub(crate) ahead: Duration,
    /// The highest number that a message ever had.
    pub(crate) sequence: SequenceNumber,
    /// The counts of all that there ever was.
    pub(crate) messages: u64,
    pub(crate) queues: u32,
    pub(crate) names: u64,
    pub(crate) tasks: u32,
}

/// All that was found when a store was opened.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// `None`: nothing was ever stored.
    pub(crate) progress: Option<Progress>,
    /// The last put of everything that the machine has to know.
    pub(crate) changes: Vec<Change>,
    pub(crate) queues: Vec<(QueueId, Queue)>,
    pub(crate) messages: Vec<(MessageId, Message)>,
    /// What duplicates are answered with.
    pub(crate) taken: Vec<(DedupKey, MessageId, Uuid)>,
    pub(crate) events: Vec<StoredEvent>,
    pub(crate) mappings: Vec<(Uuid, Settings)>,
    pub(crate) event_configs: Vec<StoredEventConfig>,
    pub(crate) urls: Vec<StoredUrl>,
}

/// Why something could not be kept, or what was kept cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another cloud has it.
    #[error(
        "the store in `{}` is in use by process {pid}, which serves on port {port}\n(stop it, or start with `--ephemeral`, which keeps nothing)",
        folder.display()
    )]
    InUse {
        /// The store's folder.
        folder: PathBuf,
        /// The other's process.
        pid: String,
        /// The other's port.
        port: String,
    },
    /// A later version has written it.
    #[error(
        "the store `{}` has format {found}, and this program knows those up to {known}\n(use the version that wrote it, move the folder away, or start with `--ephemeral`)",
        path.display()
    )]
    Later {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The latest that is known here.
        known: i64,
    },
    /// It cannot be opened, read or written.
    #[error(
        "cannot keep queues and messages in `{}`: {why}\n(make room or mend it; move the folder away to begin anew; `--ephemeral` keeps nothing)",
        path.display()
    )]
    Disk {
        /// The file or the folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// What makes things safe.
pub(crate) trait Disk: Send {
    /// Makes all of it safe, or nothing.
    ///
    /// # Errors
    /// Why it is not.
    fn commit(&mut self, writes: &[Write]) -> Result<(), StoreError>;

    /// Does what commits have left for later, which waits for the disk.
    ///
    /// # Errors
    /// Why that cannot be done.
    fn tidy(&mut self) -> Result<(), StoreError>;
}

/// So many commits are made between two times of tidying up.
const COMMITS_UNTIL_TIDY: u32 = 300;

/// How far the disk has come.
#[derive(Clone, Debug, Default)]
struct Reached {
    batches: u64,
    /// Why it will not come farther.
    failed: Option<Arc<str>>,
}

/// Why an acknowledgement cannot be given.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotSafe(pub(crate) Arc<str>);

/// What the thread is asked to do.
enum Work {
    /// So many batches, together.
    Commit(Vec<Write>, u64),
    Tidy,
}

/// What the cloud's thread and the store's share.
struct Shared {
    /// The cloud's thread tries it, and never waits for it.
    disk: Mutex<Box<dyn Disk>>,
    reached: watch::Sender<Reached>,
    /// Why nothing more is kept; apart, so that who waits for that is not woken by every batch.
    failure: watch::Sender<Option<Arc<str>>>,
}

/// Takes what is to be kept, and tells when it is safe.
pub(crate) struct Store {
    pending: Vec<Write>,
    /// What was handed over and is on its way to nobody yet.
    gathered: Vec<Write>,
    /// How many batches that is.
    gathered_batches: u64,
    /// How many batches were handed over.
    handed: u64,
    /// Told when something is gathered.
    gathers: Rc<Notify>,
    shared: Arc<Shared>,
    work: Option<mpsc::Sender<Work>>,
    /// How many commits may be made here until the thread is asked to tidy up; `None`: a commit waits for the disk, and
    /// is the thread's.
    until_tidy: Option<u32>,
    thread: Option<JoinHandle<()>>,
    /// Held for as long as the files are in use.
    _lock: Option<Lock>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("handed", &self.handed).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the files of a folder, and reads what they hold.
    ///
    /// # Errors
    /// If another cloud has them, or they cannot be read.
    pub(crate) fn open(keeping: &Keeping, port: u16) -> Result<(Self, Kept), StoreError> {
        let Keeping { folder, durability } = keeping;
        let in_folder = |error: std::io::Error| StoreError::Disk {
            path: folder.clone(),
            why: error.to_string(),
        };
        std::fs::create_dir_all(folder).map_err(in_folder)?;
        let lock = Lock::take(folder, port)?;
        let (disk, kept) = sqlite::open(&folder.join("store.sqlite3"), *durability)?;
        let store = Self::on(Box::new(disk), *durability, Some(lock)).map_err(in_folder)?;
        Ok((store, kept))
    }

    /// Over that disk.
    ///
    /// # Errors
    /// If there can be no thread for it.
    pub(crate) fn on(
        disk: Box<dyn Disk>,
        durability: Durability,
        lock: Option<Lock>,
    ) -> std::io::Result<Self> {
        let (work, come) = mpsc::channel();
        let shared = Arc::new(Shared {
            disk: Mutex::new(disk),
            reached: watch::Sender::new(Reached::default()),
            failure: watch::Sender::new(None),
        });
        let threads = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("lunch-store".to_owned())
            .spawn(move || keep(&threads, &come))?;
        let until_tidy = match durability {
            Durability::Process => Some(COMMITS_UNTIL_TIDY),
            Durability::Power => None,
        };
        Ok(Self {
            pending: Vec::new(),
            gathered: Vec::new(),
            gathered_batches: 0,
            handed: 0,
            gathers: Rc::new(Notify::new()),
            shared,
            work: Some(work),
            until_tidy,
            thread: Some(thread),
            _lock: lock,
        })
    }

    /// Takes something that is to be kept with what else comes before the next `hand_over`.
    pub(crate) fn push(&mut self, write: Write) {
        self.pending.push(write);
    }

    pub(crate) const fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    /// Has all that was pushed made safe by the next `flush`.
    pub(crate) fn hand_over(&mut self, progress: Progress) {
        self.pending.push(Write::Progress(progress));
        self.gathered.append(&mut self.pending);
        self.gathered_batches += 1;
        self.handed += 1;
        self.gathers.notify_one();
    }

    /// Told when there is something to flush: a moment later there may be more.
    pub(crate) fn gathers(&self) -> Rc<Notify> {
        Rc::clone(&self.gathers)
    }

    /// Makes safe what was gathered, or has the thread do it.
    pub(crate) fn flush(&mut self) {
        let (writes, batches) =
            (std::mem::take(&mut self.gathered), std::mem::take(&mut self.gathered_batches));
        if batches == 0 {
            return;
        }
        let is_alone = self.shared.reached.borrow().batches == self.handed - batches;
        if !(is_alone && self.commit_here(&writes, batches)) {
            self.ask(Work::Commit(writes, batches));
        }
    }

    /// Makes batches safe at once, if that does not wait for a disk, and nobody else has it. None may be on its way.
    fn commit_here(&mut self, writes: &[Write], batches: u64) -> bool {
        let Some(left) = &mut self.until_tidy else { return false };
        let Ok(mut disk) = self.shared.disk.try_lock() else { return false };
        if self.shared.failure.borrow().is_none() {
            self.shared.commit(&mut **disk, writes, batches);
        }
        drop(disk);
        *left -= 1;
        if *left == 0 {
            *left = COMMITS_UNTIL_TIDY;
            self.ask(Work::Tidy);
        }
        true
    }

    fn ask(&self, work: Work) {
        if let Some(thread) = &self.work {
            // A disk that has failed is told of where somebody waits for it.
            thread.send(work).ok();
        }
    }

    /// Waits until all that was handed over so far is safe.
    pub(crate) fn safe(&self) -> impl Future<Output = Result<(), NotSafe>> + use<> {
        let (handed, mut reached) = (self.handed, self.shared.reached.subscribe());
        async move {
            let is_over = |reached: &Reached| reached.batches >= handed || reached.failed.is_some();
            let gone = || NotSafe("the store has been closed".into());
            let reached = reached.wait_for(is_over).await.map_err(|_| gone())?;
            if reached.batches >= handed {
                return Ok(());
            }
            Err(reached.failed.clone().map_or_else(gone, NotSafe))
        }
    }

    /// Waits until nothing more can be kept, and says why.
    pub(crate) fn failed(&self) -> impl Future<Output = Option<Arc<str>>> + use<> {
        let mut failure = self.shared.failure.subscribe();
        async move {
            let failed = failure.wait_for(Option::is_some).await.ok()?;
            failed.clone()
        }
    }
}

impl Drop for Store {
    /// Waits for what was handed over.
    fn drop(&mut self) {
        self.flush();
        self.work = None;
        if let Some(thread) = self.thread.take() {
            // It has said why, if it has failed.
            thread.join().ok();
        }
    }
}

impl Shared {
    /// Makes so many batches safe, and tells; or tells why not.
    fn commit(&self, disk: &mut dyn Disk, writes: &[Write], batches: u64) {
        match disk.commit(writes) {
            Ok(()) => self.reached.send_modify(|reached| reached.batches += batches),
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&self, error: &StoreError) {
        let why: Arc<str> = Arc::from(error.to_string());
        self.reached.send_modify(|reached| reached.failed = Some(Arc::clone(&why)));
        self.failure.send_replace(Some(why));
    }
}

/// Makes safe what comes, and what has come meanwhile with it, until it fails.
fn keep(shared: &Shared, come: &mpsc::Receiver<Work>) {
    while let Ok(first) = come.recv() {
        // Nobody panics who has it.
        let Ok(mut disk) = shared.disk.lock() else { return };
        if shared.failure.borrow().is_some() {
            return;
        }
        let (mut writes, mut batches, mut tidy) = (Vec::new(), 0, false);
        for work in std::iter::once(first).chain(come.try_iter()) {
            match work {
                Work::Commit(more, count) => {
                    batches += count;
                    writes.extend(more);
                }
                Work::Tidy => tidy = true,
            }
        }
        if batches > 0 {
            shared.commit(&mut **disk, &writes, batches);
        }
        if tidy
            && shared.failure.borrow().is_none()
            && let Err(error) = disk.tidy()
        {
            shared.fail(&error);
        }
    }
}

/// The store's folder beside a template.
#[must_use]
pub fn folder_beside(template: &Path) -> PathBuf {
    template.parent().unwrap_or_else(|| Path::new("")).join(".lunch/store")
}
