//! The store's file: SQLite, one writer, a write-ahead log.
//!
//! With `synchronous=NORMAL` a commit is in the operating system's hands when it returns, so that the end of any process
//! loses nothing; with `FULL` the log is on the disk. A log that was cut off in the middle of a commit ends before it.
//! A message's state and its bytes are two rows, because the one changes with every receive and the other never.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lunch_cloud::sqs::{
    Change, DedupKey, State, StoredDedup, StoredMessage, StoredQueue, StoredTask,
};
use lunch_contract::Moment;
use lunch_contract::names::LATEST;
use lunch_contract::sqs::{GroupId, MessageId, QueueId, SequenceNumber};
use rusqlite::{Connection, Error, Row, Transaction, params};

use super::{Disk, Durability, Kept, Progress, StoreError, StoredEvent, Write, format, rows};
use crate::event_source::Settings;
use crate::uuid::Uuid;

/// The file, open.
#[derive(Debug)]
pub(super) struct Sqlite {
    connection: Connection,
    path: PathBuf,
}

/// Opens a file, makes it if it is not there, and reads it.
pub(super) fn open(path: &Path, durability: Durability) -> Result<(Sqlite, Kept), StoreError> {
    let wrong = |error: Error| StoreError::Disk { path: path.to_owned(), why: error.to_string() };
    let connection = Connection::open(path).map_err(wrong)?;
    let synchronous = match durability {
        Durability::Process => "NORMAL",
        Durability::Power => "FULL",
    };
    // Nobody else has it while it is open, which `Lock` sees to: no lock is taken and given back for each commit.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(wrong)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(wrong)?;
    connection.pragma_update(None, "synchronous", synchronous).map_err(wrong)?;
    if durability == Durability::Process {
        // What waits for the disk is left to `tidy`.
        connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(wrong)?;
    }
    connection.set_prepared_statement_cache_capacity(32);
    format::bring_up(&connection).map_err(wrong)?.map_err(|(found, known)| StoreError::Later {
        path: path.to_owned(),
        found,
        known,
    })?;
    let kept = read(&connection).map_err(wrong)?;
    Ok((Sqlite { connection, path: path.to_owned() }, kept))
}

impl Disk for Sqlite {
    fn commit(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        let path = &self.path;
        let wrong = |error: Error| StoreError::Disk { path: path.clone(), why: error.to_string() };
        let transaction = self.connection.transaction().map_err(wrong)?;
        let mut progress = None;
        for write in writes {
            if let Write::Progress(reached) = write {
                progress = Some(reached);
            } else {
                put(&transaction, write).map_err(wrong)?;
            }
        }
        if let Some(progress) = progress {
            put_progress(&transaction, progress).map_err(wrong)?;
        }
        transaction.commit().map_err(wrong)
    }

    /// Writes the log back into the file, so that it begins anew.
    fn tidy(&mut self) -> Result<(), StoreError> {
        let wrong =
            |error: Error| StoreError::Disk { path: self.path.clone(), why: error.to_string() };
        self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(wrong)
    }
}

/// A number's bits as SQLite has them: its integers have a sign, these do not.
const fn bits(number: u64) -> i64 {
    number.cast_signed()
}

const fn ns(at: Moment) -> i64 {
    bits(at.as_nanos())
}

fn span(span: Duration) -> i64 {
    bits(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("ids, numbers and moments have a JSON form")
}

fn put(on: &Transaction<'_>, write: &Write) -> rusqlite::Result<()> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        on.prepare_cached(sql)?.execute(values).map(drop)
    };
    match write {
        Write::Change(change) => put_change(on, change),
        Write::Body { id, message } => run(
            "INSERT OR REPLACE INTO body VALUES (?1, ?2, ?3, ?4)",
            params![bits(id.serial), message.uuid.bytes(), &*message.body, rows::seldom(message)],
        ),
        Write::Renewed { id, uuid } => run(
            "UPDATE body SET uuid = ?2 WHERE serial = ?1",
            params![bits(id.serial), uuid.bytes()],
        ),
        Write::Forgotten { id } => {
            run("DELETE FROM body WHERE serial = ?1", params![bits(id.serial)])
        }
        Write::Taken { stored, uuid } => run(
            "INSERT OR REPLACE INTO dedup VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                stored.key.0.to_be_bytes(),
                bits(stored.message.serial),
                stored.message.index,
                bits(stored.sequence.0),
                ns(stored.until),
                uuid.bytes(),
            ],
        ),
        Write::About { id, queue } => run(
            "INSERT OR REPLACE INTO queue_about VALUES (?1, ?2)",
            params![id.0, rows::about(queue)],
        ),
        Write::Event(event) => run(
            "INSERT OR REPLACE INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                event.uuid.bytes(),
                event.function,
                event.payload,
                event.version,
                event.arn,
                event.trace_id,
                event.client_context,
                ns(event.accepted),
                event.attempts,
                event.next.map(ns),
                event.throttles,
            ],
        ),
        Write::Retried { uuid, attempts, throttles, next } => run(
            "UPDATE event SET attempts = ?2, next_ns = ?3, throttles = ?4 WHERE uuid = ?1",
            params![uuid.bytes(), attempts, ns(*next), throttles],
        ),
        Write::Ended { uuid } => run("DELETE FROM event WHERE uuid = ?1", params![uuid.bytes()]),
        Write::Mapping { uuid, settings } => run(
            "INSERT OR REPLACE INTO mapping VALUES (?1, ?2)",
            params![uuid.bytes(), json(settings)],
        ),
        Write::Unmapped { uuid } => {
            run("DELETE FROM mapping WHERE uuid = ?1", params![uuid.bytes()])
        }
        Write::EventConfig(stored) => run(
            "INSERT OR REPLACE INTO event_config VALUES (?1, ?2, ?3)",
            params![stored.function, stored.qualifier, json(stored)],
        ),
        Write::EventConfigGone { function, qualifier } => run(
            "DELETE FROM event_config WHERE function = ?1 AND qualifier = ?2",
            params![function, qualifier],
        ),
        Write::Url(stored) => run(
            "INSERT OR REPLACE INTO function_url VALUES (?1, ?2, ?3)",
            params![
                stored.function,
                stored.config.qualifier.as_deref().unwrap_or(LATEST),
                json(stored)
            ],
        ),
        Write::UrlGone { function, qualifier } => run(
            "DELETE FROM function_url WHERE function = ?1 AND qualifier = ?2",
            params![function, qualifier],
        ),
        Write::Progress(_) => Ok(()),
    }
}

fn put_change(on: &Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        on.prepare_cached(sql)?.execute(values).map(drop)
    };
    match change {
        Change::QueuePut(stored) => run(
            "INSERT OR REPLACE INTO queue VALUES (?1, ?2)",
            params![stored.queue.0, json(stored)],
        ),
        Change::QueueRemoved { queue } => {
            run("DELETE FROM queue WHERE id = ?1", params![queue.0])?;
            run("DELETE FROM queue_about WHERE id = ?1", params![queue.0])
        }
        Change::MessagePut(stored) => put_message(on, stored),
        Change::MessageRemoved { message } => {
            run("DELETE FROM message WHERE serial = ?1", params![bits(message.serial)])
        }
        // With what it is answered with, by `Taken`.
        Change::DedupPut(_) => Ok(()),
        Change::DedupExpired { key } => {
            run("DELETE FROM dedup WHERE key = ?1", params![key.0.to_be_bytes()])
        }
        Change::TaskPut(stored) => {
            run("INSERT OR REPLACE INTO task VALUES (?1, ?2)", params![stored.task.0, json(stored)])
        }
        Change::TaskRemoved { task } => run("DELETE FROM task WHERE id = ?1", params![task.0]),
    }
}

fn put_message(on: &Transaction<'_>, stored: &StoredMessage) -> rusqlite::Result<()> {
    let state = match stored.state {
        State::Delayed { .. } => "delayed",
        State::Visible => "visible",
        State::InFlight { .. } => "in flight",
    };
    let mut statement = on.prepare_cached(
        "INSERT OR REPLACE INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    statement.execute(params![
        bits(stored.message.serial),
        stored.message.index,
        stored.queue.0,
        bits(stored.sequence.0),
        stored.bytes,
        stored.group.map(|group| bits(group.0.get())),
        ns(stored.sent),
        state,
        stored.state.until().map(ns),
        stored.receives,
        stored.receives_here,
        ns(stored.first_received),
        ns(stored.received),
        stored.source.map(|queue| queue.0),
    ])?;
    Ok(())
}

fn put_progress(on: &Transaction<'_>, progress: &Progress) -> rusqlite::Result<()> {
    let mut statement = on.prepare_cached(
        "INSERT OR REPLACE INTO progress VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    statement.execute(params![
        ns(progress.now),
        span(progress.wall_epoch),
        span(progress.ahead),
        bits(progress.sequence.0),
        bits(progress.messages),
        progress.queues,
        bits(progress.names),
        progress.tasks,
    ])?;
    Ok(())
}

fn read(connection: &Connection) -> rusqlite::Result<Kept> {
    let mut kept =
        Kept { progress: all(connection, "progress", progress)?.pop(), ..Kept::default() };
    let queues = all(connection, "queue", |row| from_json::<StoredQueue>(row, 1))?;
    let messages = all(connection, "message", message)?;
    let taken = all(connection, "dedup", taken)?;
    let tasks = all(connection, "task", |row| from_json::<StoredTask>(row, 1))?;
    kept.queues = all(connection, "queue_about", |row| {
        let about: String = row.get(1)?;
        let queue = rows::queue(&about).ok_or_else(|| unread(1, "it is no queue"))?;
        Ok((QueueId(row.get(0)?), queue))
    })?;
    let places: std::collections::BTreeMap<_, _> =
        messages.iter().map(|stored| (stored.message.serial, stored.message)).collect();
    let mut bodies = connection.prepare("SELECT * FROM body")?;
    let mut bodies = bodies.query([])?;
    while let Some(row) = bodies.next()? {
        // Bytes of what was never acknowledged have no message.
        if let Some(id) = places.get(&number(row, 0)?) {
            let (body, seldom): (String, Option<String>) = (row.get(2)?, row.get(3)?);
            let message = rows::message(uuid(row, 1)?, &body, seldom.as_deref());
            kept.messages.push((*id, message.ok_or_else(|| unread(3, "it is no message's"))?));
        }
    }
    kept.events = all(connection, "event", event)?;
    kept.mappings =
        all(connection, "mapping", |row| Ok((uuid(row, 0)?, from_json::<Settings>(row, 1)?)))?;
    kept.event_configs = all(connection, "event_config", |row| from_json(row, 2))?;
    kept.urls = all(connection, "function_url", |row| from_json(row, 2))?;
    kept.taken = taken.iter().map(|(stored, uuid)| (stored.key, stored.message, *uuid)).collect();
    kept.changes.extend(queues.into_iter().map(Change::QueuePut));
    kept.changes.extend(messages.into_iter().map(Change::MessagePut));
    kept.changes.extend(taken.into_iter().map(|(stored, _)| Change::DedupPut(stored)));
    kept.changes.extend(tasks.into_iter().map(Change::TaskPut));
    Ok(kept)
}

fn all<T>(
    connection: &Connection,
    table: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
    let rows = statement.query_map([], read)?;
    rows.collect()
}

fn unread(column: usize, why: &str) -> Error {
    Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why.into())
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Moment> {
    number(row, column).map(Moment::from_nanos)
}

fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get(column).map(Uuid::of_bytes)
}

fn from_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unread(column, &error.to_string()))
}

fn progress(row: &Row<'_>) -> rusqlite::Result<Progress> {
    Ok(Progress {
        now: moment(row, 1)?,
        wall_epoch: Duration::from_nanos(number(row, 2)?),
        ahead: Duration::from_nanos(number(row, 3)?),
        sequence: SequenceNumber(number(row, 4)?),
        messages: number(row, 5)?,
        queues: row.get(6)?,
        names: number(row, 7)?,
        tasks: row.get(8)?,
    })
}

fn message(row: &Row<'_>) -> rusqlite::Result<StoredMessage> {
    let until = row.get::<_, Option<i64>>(8)?.map(|ns| Moment::from_nanos(ns.cast_unsigned()));
    let state = match (row.get_ref(7)?.as_str()?, until) {
        ("visible", _) => State::Visible,
        ("delayed", Some(until)) => State::Delayed { until },
        ("in flight", Some(until)) => State::InFlight { until },
        _ => return Err(unread(7, "there is no such state of a message")),
    };
    Ok(StoredMessage {
        message: MessageId { serial: number(row, 0)?, index: row.get(1)? },
        queue: QueueId(row.get(2)?),
        sequence: SequenceNumber(number(row, 3)?),
        bytes: row.get(4)?,
        group: row.get::<_, Option<i64>>(5)?.map(|hash| GroupId::of(hash.cast_unsigned())),
        sent: moment(row, 6)?,
        state,
        receives: row.get(9)?,
        receives_here: row.get(10)?,
        first_received: moment(row, 11)?,
        received: moment(row, 12)?,
        source: row.get::<_, Option<u32>>(13)?.map(QueueId),
    })
}

fn event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    Ok(StoredEvent {
        uuid: uuid(row, 0)?,
        function: row.get(1)?,
        payload: row.get(2)?,
        version: row.get(3)?,
        arn: row.get(4)?,
        trace_id: row.get(5)?,
        client_context: row.get(6)?,
        accepted: moment(row, 7)?,
        attempts: row.get(8)?,
        next: row.get::<_, Option<i64>>(9)?.map(|ns| Moment::from_nanos(ns.cast_unsigned())),
        throttles: row.get(10)?,
    })
}

fn taken(row: &Row<'_>) -> rusqlite::Result<(StoredDedup, Uuid)> {
    let stored = StoredDedup {
        key: DedupKey(u128::from_be_bytes(row.get(0)?)),
        message: MessageId { serial: number(row, 1)?, index: row.get(2)? },
        sequence: SequenceNumber(number(row, 3)?),
        until: moment(row, 4)?,
    };
    Ok((stored, uuid(row, 5)?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::uuid::Names;

    #[test]
    fn an_event_is_read_as_it_was_last_put_off() {
        let path = std::env::temp_dir().join(format!("lunch-events-{}", std::process::id()));
        let uuid = Names::new().uuid();
        let event = StoredEvent {
            uuid,
            function: "coffee".to_owned(),
            payload: b"7".to_vec(),
            version: "$LATEST".to_owned(),
            arn: "arn".to_owned(),
            trace_id: "Root=1".to_owned(),
            client_context: None,
            accepted: Moment::from_millis(1),
            attempts: 0,
            throttles: 0,
            next: None,
        };
        let (mut disk, _) = open(&path, Durability::Process).unwrap();
        let next = Moment::from_millis(9);
        let put_off = Write::Retried { uuid, attempts: 1, throttles: 3, next };
        disk.commit(&[Write::Event(Arc::new(event.clone())), put_off]).unwrap();
        drop(disk);
        let (_, kept) = open(&path, Durability::Process).unwrap();
        std::fs::remove_file(&path).unwrap();
        let expected = StoredEvent { attempts: 1, throttles: 3, next: Some(next), ..event };
        assert_eq!(kept.events, [expected]);
    }
}
