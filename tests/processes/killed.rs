//! `lunch` is killed by SIGKILL at random moments under load, and started again over the same store: what was
//! acknowledged is there, and what was deleted is not.
//!
//! 25 times here; `infra/kills 1000` does it a thousand times.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use lunch_tests::{Cloud, Request, lunch, wait_until};
use serde_json::{Value, json};

/// The template's queues: one of each type.
const TEMPLATE: &str = "Resources:
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: orders, VisibilityTimeout: 600}}
  Receipts: {Type: AWS::SQS::Queue, Properties: {QueueName: receipts.fifo, FifoQueue: true, VisibilityTimeout: 600}}
";
const QUEUES: [&str; 2] = ["orders", "receipts.fifo"];

/// What callers were told, and what they asked for without hearing of it.
#[derive(Debug, Default)]
struct Told {
    asked_to_send: BTreeSet<String>,
    sent: BTreeSet<String>,
    asked_to_delete: BTreeSet<String>,
    deleted: BTreeSet<String>,
    received: BTreeSet<String>,
}

/// A keep-alive connection that the other side may close at any moment, and the status of the last answer.
struct Line(TcpStream, u16);

impl Line {
    fn call(&mut self, action: &str, given: &Value) -> Option<Value> {
        let body = given.to_string();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: AmazonSQS.{action}\r\n\
             content-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.write_all(head.as_bytes()).ok()?;
        let (mut answer, mut piece) = (Vec::new(), [0; 4_096]);
        loop {
            let text = String::from_utf8_lossy(&answer).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if body.len() == length.map_or(0, |length| length.parse().expect("a number")) {
                    self.1 = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
                    return Some(serde_json::from_str(body).unwrap_or_default());
                }
            }
            match self.0.read(&mut piece) {
                Ok(0) | Err(_) => return None,
                Ok(count) => answer.extend_from_slice(&piece[..count]),
            }
        }
    }
}

/// Sends, receives and deletes until `lunch` is gone.
fn load(port: u16, queue: &str, who: &str, told: &Mutex<Told>) -> Option<()> {
    let mut line = Line(TcpStream::connect(("127.0.0.1", port)).ok()?, 0);
    let url = format!("http://localhost/123456789012/{queue}");
    for number in 0_u32.. {
        let body = format!("{who}-{number}");
        told.lock().ok()?.asked_to_send.insert(body.clone());
        let mut given = json!({ "QueueUrl": url, "MessageBody": body });
        if queue.ends_with(".fifo") {
            given["MessageGroupId"] = who.into();
            given["MessageDeduplicationId"] = body.clone().into();
        }
        line.call("SendMessage", &given)?;
        assert_eq!(line.1, 200, "a message is taken");
        told.lock().ok()?.sent.insert(body);
        if number % 2 == 1 {
            let given = json!({ "QueueUrl": url, "MaxNumberOfMessages": 1 });
            let got = line.call("ReceiveMessage", &given)?;
            for message in got["Messages"].as_array().into_iter().flatten() {
                let body = message["Body"].as_str().unwrap_or_default().to_owned();
                told.lock().ok()?.received.insert(body.clone());
                told.lock().ok()?.asked_to_delete.insert(body.clone());
                let handle = &message["ReceiptHandle"];
                line.call("DeleteMessage", &json!({ "QueueUrl": url, "ReceiptHandle": handle }))?;
                told.lock().ok()?.deleted.insert(body);
            }
        }
    }
    Some(())
}

fn start(folder: &Path) -> Cloud {
    Cloud::builder().template(folder.join("template.yaml")).keeps().start()
}

/// That what is there is what was promised.
fn check(cloud: &Cloud, told: &Told) {
    let mut there = BTreeSet::new();
    for queue in QUEUES {
        let listed = cloud.http(Request::get(&format!("/_lunch/queues?peek={queue}&max=1000")));
        let listed: Vec<Value> = serde_json::from_str(&listed.text()).expect("a list");
        let mut last = std::collections::BTreeMap::new();
        for message in &listed {
            let body = message["body"].as_str().unwrap_or_default().to_owned();
            let (who, number) = body.rsplit_once('-').expect("a body of ours");
            let number: i64 = number.parse().expect("a number");
            let before = last.insert(who.to_owned(), number).unwrap_or(-1);
            assert!(before < number, "{queue}: {body} stands behind {before}");
            if told.received.contains(&body) {
                assert_eq!(message["receives"], 1, "{body} was received, and is counted so");
            }
            assert!(there.insert(body.clone()), "{body} is there twice");
        }
    }
    let stranger = there.iter().find(|body| !told.asked_to_send.contains(*body));
    assert_eq!(stranger, None, "nobody sent that");
    let lost: Vec<_> = told
        .sent
        .iter()
        .filter(|body| !there.contains(*body) && !told.asked_to_delete.contains(*body))
        .collect();
    assert!(lost.is_empty(), "acknowledged and gone: {lost:?}");
    let back: Vec<_> = told.deleted.iter().filter(|body| there.contains(*body)).collect();
    assert!(back.is_empty(), "deleted and there: {back:?}");
}

fn placed(name: &str) -> std::path::PathBuf {
    let place = std::env::temp_dir().join(format!("lunch-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a folder");
    std::fs::write(place.join("template.yaml"), TEMPLATE).expect("a template");
    place
}

/// A file may grow to 512 KiB and no farther, which is what a full disk looks like.
#[test]
fn a_full_disk_ends_it_before_a_message_is_acknowledged_that_is_not_kept() {
    const LIMITED: &str =
        "trap '' XFSZ; ulimit -f 1024; exec \"$0\" up --port 0 --template template.yaml";
    let place = placed("full");
    let mut up = Command::new("sh")
        .args(["-c", LIMITED])
        .arg(lunch())
        .current_dir(&place)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut said = String::new();
    let stdout = up.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut said).expect("the line that scripts wait for");
    let port = said.trim().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    let port: u16 = port.unwrap_or_else(|| panic!("no port in {said:?}"));
    let mut line = Line(TcpStream::connect(("127.0.0.1", port)).expect("it listens"), 0);
    let url = "http://localhost/123456789012/orders";
    let body = "x".repeat(20_000);
    let mut acknowledged = 0;
    let refused = loop {
        let answer = line.call("SendMessage", &json!({ "QueueUrl": url, "MessageBody": body }));
        if line.1 != 200 {
            break answer;
        }
        acknowledged += 1;
        assert!(acknowledged < 100, "a file of 512 KiB does not hold that many");
    };
    assert_eq!(line.1, 500, "{refused:?}");
    let refused = refused.unwrap_or_default().to_string();
    assert!(refused.contains("InternalFailure") && refused.contains("cannot keep"), "{refused}");
    let ended = up.wait_with_output().expect("it ends by itself");
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && told.contains("store.sqlite3"), "{told}");
    assert!(told.contains("make room"), "{told}");

    let cloud = start(&place);
    let listed: Vec<Value> =
        serde_json::from_str(&cloud.http(Request::get("/_lunch/queues?peek=orders")).text())
            .expect("a list");
    assert_eq!(listed.len(), acknowledged, "what was acknowledged, and no more");
    drop(cloud);
    drop(std::fs::remove_dir_all(&place));
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let rounds: u64 =
        std::env::var("LUNCH_KILLS").ok().map_or(25, |text| text.parse().expect("a number"));
    let place = placed("killed");
    let mut random = fastrand::Rng::with_seed(rounds);
    let (mut sent, mut deleted) = (0, 0);
    for round in 0..rounds {
        let cloud = start(&place);
        let told = Arc::new(Mutex::new(Told::default()));
        let port = cloud.port();
        let callers = (0..4).map(|caller| {
            let (told, queue) = (Arc::clone(&told), QUEUES[caller % 2]);
            thread::spawn(move || load(port, queue, &format!("{round}.{caller}"), &told))
        });
        let callers: Vec<_> = callers.collect();
        let enough = random.usize(0..60);
        wait_until("so many messages are acknowledged", || {
            let sent = told.lock().map_or(0, |told| told.sent.len());
            if sent >= enough { Ok(()) } else { Err(format!("{sent} of {enough}")) }
        });
        cloud.kill();
        for caller in callers {
            caller.join().expect("a caller meets its end, and no failure");
        }
        let told = told.lock().expect("nobody has it");
        sent += told.sent.len();
        deleted += told.deleted.len();
        let cloud = start(&place);
        check(&cloud, &told);
        // The next round begins with empty queues, which the kill after it is not to fill again.
        for queue in QUEUES {
            let url = format!("http://localhost/123456789012/{queue}");
            let purge = Request::post("/", json!({ "QueueUrl": url }).to_string());
            let purge = purge.header("x-amz-target", "AmazonSQS.PurgeQueue");
            assert_eq!(cloud.http(purge).status, 200);
        }
        cloud.kill();
    }
    println!(
        "{rounds} kills: {sent} messages acknowledged, {deleted} deleted; none lost, none back"
    );
    assert!(sent > 0 && deleted > 0, "there was a load");
    drop(std::fs::remove_dir_all(&place));
}
