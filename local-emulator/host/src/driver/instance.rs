//! An instance as the host knows it: its listener, its process, who waits there for what, and its lines.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use lunch_contract::{FunctionId, InstanceId, Moment, Process, RequestId};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::memory::{Memory, MemoryUse};
use super::request::Delivery;
use super::temporary::TemporaryFolder;
use crate::logs::{LineCutter, Output, StreamId};
use crate::uuid::Uuid;

/// A living instance.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) id: InstanceId,
    /// Its name, as it stands on every answer of its.
    pub(crate) name: HeaderValue,
    pub(crate) function: FunctionId,
    /// Where its processes find the Runtime API, as `127.83.4.190:40123`: the same for all of them.
    pub(crate) runtime_api: String,
    pub(crate) log_stream: String,
    /// What its processes find in `TMPDIR`: one after the other the same. `None`: they have folders of their own, and
    /// a `/tmp` among them.
    pub(crate) temporary: Option<TemporaryFolder>,
    /// Its process, from the spawn to the exit. `None` between two.
    pub(crate) running: Option<Running>,
    /// What its process has in hand.
    pub(crate) delivered: Vec<Delivered>,
    /// What it had in hand last: a line that comes late belongs to it.
    pub(crate) last: Option<Uuid>,
    /// What the last `/init/error` said.
    pub(crate) init_error: Bytes,
    /// What it called the error.
    pub(crate) init_error_type: String,
    /// When its last INIT began.
    pub(crate) init_began: Moment,
    /// Where its lines go.
    pub(crate) stream: StreamId,
    pub(crate) memory: MemoryUse,
    /// Takes connections for as long as the instance lives.
    #[expect(dead_code, reason = "it is kept to be dropped")]
    pub(crate) listener: Task,
}

/// A request that an instance's process has in hand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivered {
    pub(crate) request: RequestId,
    pub(crate) uuid: Uuid,
    /// Of this attempt: a request that is tried again has another one.
    pub(crate) invocation: Uuid,
}

/// A process, from its spawn to its exit.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) process: Process,
    /// Known when it was started.
    pub(crate) pid: Option<u32>,
    /// Known when it was started.
    pub(crate) isolation: Option<String>,
    pub(crate) output: Rc<Output>,
    pub(crate) cutter: LineCutter,
    pub(crate) memory: Memory,
    pub(crate) next: Waiters,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) connections: Rc<Connections>,
    /// Follows the output.
    #[expect(dead_code, reason = "it is kept to be dropped")]
    pub(crate) follower: Task,
}

/// The runtime's waiting `/next`, and whoever else has called it meanwhile: it is the one that has waited longest and
/// not hung up, so that nobody who comes by takes its event or its connection.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Vec<oneshot::Sender<Delivery>>);

impl Waiters {
    /// One more.
    pub(crate) fn wait(&mut self) -> oneshot::Receiver<Delivery> {
        let (sender, receiver) = oneshot::channel();
        self.0.retain(|waiter| !waiter.is_closed());
        self.0.push(sender);
        receiver
    }

    /// The last one does not wait.
    pub(crate) fn turn_away(&mut self) {
        self.0.pop();
    }

    /// Whom to give what is next, if anybody hears it. The others are let go.
    pub(crate) fn take(&mut self) -> Option<oneshot::Sender<Delivery>> {
        self.0.drain(..).find(|waiter| !waiter.is_closed())
    }
}

/// An extension that registered.
#[derive(Debug)]
pub(crate) struct Extension {
    /// What it is known by afterwards.
    pub(crate) identifier: Uuid,
    pub(crate) name: String,
    /// Its waiting `/event/next`, answered with the JSON of an event.
    pub(crate) next: Option<oneshot::Sender<Bytes>>,
}

impl Instance {
    /// The process, if it is that one that runs.
    pub(crate) fn running(&mut self, process: Process) -> Option<&mut Running> {
        self.running.as_mut().filter(|running| running.process == process)
    }
}

/// The open connections of one process.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Cell<u32>,
    closed: Notify,
}

impl Connections {
    /// Counts one more, until it is dropped.
    pub(crate) fn open(connections: &Rc<Self>) -> OpenConnection {
        connections.open.set(connections.open.get() + 1);
        OpenConnection(Rc::clone(connections))
    }

    /// Whether none is open.
    pub(crate) fn is_closed(&self) -> bool {
        self.open.get() == 0
    }

    /// Waits until none is open, and no longer than that.
    pub(crate) async fn all_closed_within(&self, bound: Duration) {
        let closed = async {
            while !self.is_closed() {
                self.closed.notified().await;
            }
        };
        drop(tokio::time::timeout(bound, closed).await);
    }
}

/// One open connection.
#[derive(Debug)]
pub(crate) struct OpenConnection(Rc<Connections>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        self.0.closed.notify_one();
    }
}

/// A task that ends with what it is for.
#[derive(Debug)]
pub(crate) struct Task(pub(crate) JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The living instances, by index.
#[derive(Debug, Default)]
pub(crate) struct Instances {
    slots: Vec<Option<Instance>>,
}

impl Instances {
    pub(crate) fn insert(&mut self, instance: Instance) {
        let index = instance.id.index as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        self.slots[index] = Some(instance);
    }

    pub(crate) fn of(&self, id: InstanceId) -> Option<&Instance> {
        self.slots.get(id.index as usize)?.as_ref().filter(|instance| instance.id == id)
    }

    pub(crate) fn of_mut(&mut self, id: InstanceId) -> Option<&mut Instance> {
        self.slots.get_mut(id.index as usize)?.as_mut().filter(|instance| instance.id == id)
    }

    /// The process, if it runs.
    pub(crate) fn running(&mut self, process: Process) -> Option<&mut Running> {
        self.of_mut(process.instance)?.running(process)
    }

    pub(crate) fn remove(&mut self, id: InstanceId) -> Option<Instance> {
        self.of(id)?;
        self.slots[id.index as usize].take()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Instance> {
        self.slots.iter().flatten()
    }
}
