//! What the store's tables are, and how a store of an earlier format comes to have them.

use rusqlite::Connection;

/// What makes each format of the one before it, from nothing on. A store of an earlier format is brought to the last one
/// when it is opened, one of a later one is refused.
const FORMATS: [&str; 4] = [FIRST, EVENT_CONFIGS, FUNCTION_URLS, THROTTLES];

const EVENT_CONFIGS: &str = "
CREATE TABLE event_config (
    function TEXT NOT NULL, qualifier TEXT NOT NULL, stored TEXT NOT NULL,
    PRIMARY KEY (function, qualifier)) WITHOUT ROWID;
";

const FUNCTION_URLS: &str = "
CREATE TABLE function_url (
    function TEXT NOT NULL, qualifier TEXT NOT NULL, stored TEXT NOT NULL,
    PRIMARY KEY (function, qualifier)) WITHOUT ROWID;
";

const THROTTLES: &str = "ALTER TABLE event ADD COLUMN throttles INTEGER NOT NULL DEFAULT 0;";

const FIRST: &str = "
CREATE TABLE progress (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    now_ns INTEGER NOT NULL, wall_epoch_ns INTEGER NOT NULL, ahead_ns INTEGER NOT NULL,
    sequence INTEGER NOT NULL, messages INTEGER NOT NULL, queues INTEGER NOT NULL, names INTEGER NOT NULL,
    tasks INTEGER NOT NULL);
CREATE TABLE queue (id INTEGER PRIMARY KEY, stored TEXT NOT NULL);
CREATE TABLE queue_about (id INTEGER PRIMARY KEY, about TEXT NOT NULL);
CREATE TABLE message (
    serial INTEGER PRIMARY KEY,
    place INTEGER NOT NULL, queue INTEGER NOT NULL, sequence INTEGER NOT NULL, bytes INTEGER NOT NULL,
    group_hash INTEGER, sent_ns INTEGER NOT NULL, state TEXT NOT NULL, until_ns INTEGER,
    receives INTEGER NOT NULL, receives_here INTEGER NOT NULL,
    first_received_ns INTEGER NOT NULL, received_ns INTEGER NOT NULL, source INTEGER);
CREATE TABLE body (serial INTEGER PRIMARY KEY, uuid BLOB NOT NULL, body TEXT NOT NULL, seldom TEXT);
CREATE TABLE dedup (
    key BLOB PRIMARY KEY, serial INTEGER NOT NULL, place INTEGER NOT NULL, sequence INTEGER NOT NULL,
    until_ns INTEGER NOT NULL, uuid BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE task (id INTEGER PRIMARY KEY, stored TEXT NOT NULL);
CREATE TABLE event (
    uuid BLOB PRIMARY KEY, function TEXT NOT NULL, payload BLOB NOT NULL, version TEXT NOT NULL, arn TEXT NOT NULL,
    trace_id TEXT NOT NULL, client_context TEXT, accepted_ns INTEGER NOT NULL, attempts INTEGER NOT NULL,
    next_ns INTEGER);
CREATE TABLE mapping (uuid BLOB PRIMARY KEY, settings TEXT NOT NULL);
";

/// Brings a store to the last format. The inner error: its format is a later one, and which one is known.
pub(super) fn bring_up(connection: &Connection) -> rusqlite::Result<Result<(), (i64, i64)>> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(FORMATS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Ok(Err((found, known)));
    }
    for (format, step) in (1_i64..).zip(FORMATS).filter(|(format, _)| *format > found) {
        let made = format!("BEGIN; {step} PRAGMA user_version = {format}; COMMIT;");
        connection.execute_batch(&made)?;
    }
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(connection: &Connection) -> Vec<String> {
        let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";
        let mut all = connection.prepare(sql).unwrap();
        let all = all.query_map([], |row| row.get(0)).unwrap();
        all.map(Result::unwrap).collect()
    }

    #[test]
    fn a_store_of_an_earlier_format_comes_to_have_all_tables_and_keeps_what_it_has() {
        let new = Connection::open_in_memory().unwrap();
        bring_up(&new).unwrap().unwrap();
        let old = Connection::open_in_memory().unwrap();
        old.execute_batch(&format!("{FIRST} PRAGMA user_version = 1;")).unwrap();
        old.execute("INSERT INTO queue VALUES (7, 'seven')", []).unwrap();
        bring_up(&old).unwrap().unwrap();
        assert_eq!(tables(&old), tables(&new));
        let kept: String = old.query_row("SELECT stored FROM queue", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "seven");
        bring_up(&old).unwrap().unwrap();
        old.pragma_update(None, "user_version", 99).unwrap();
        assert_eq!(bring_up(&old).unwrap().unwrap_err().0, 99);
    }
}
