//! The salad shop as it stands in the street: its program, orders out of a queue of a real cloud, receipts into another.

#[cfg(test)]
mod salad {
    use std::collections::BTreeMap;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpStream;
    use std::process::{Child, Command, Stdio};
    use std::sync::mpsc;
    use std::thread;

    use lunch_tests::{Cloud, Folder, Request, program, wait_until};
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    use serde_json::{Value, json};

    const QUEUES: &str = r"
Resources:
  SaladOrders: {Type: AWS::SQS::Queue}
  SaladOrdersDeadLetters: {Type: AWS::SQS::Queue}
  Receipts:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, DeduplicationScope: messageGroup}
";

    /// The three queues, and what a client does with them.
    struct Street {
        cloud: Cloud,
        orders: String,
        dead_letters: String,
        receipts: String,
        _folder: Folder,
    }

    impl Street {
        fn open() -> Self {
            let folder = Folder::make();
            let template = folder.write("template.yaml", QUEUES);
            let cloud = Cloud::builder().template(template).argument("--no-build").start();
            let queues = call(&cloud, "ListQueues", json!({}))["QueueUrls"].clone();
            let queues: Vec<String> = serde_json::from_value(queues).expect("URLs");
            let named = |part: &str| {
                let is_it =
                    |url: &&String| url.rsplit('/').next().is_some_and(|n| n.contains(part));
                // The dead letters' name is the longer one of two.
                queues.iter().filter(is_it).min_by_key(|url| url.len()).expect("a queue").clone()
            };
            let (orders, receipts) = (named("SaladOrders"), named("Receipts"));
            let dead_letters = named("SaladOrdersDeadLetters");
            Self { cloud, orders, dead_letters, receipts, _folder: folder }
        }

        fn send(&self, body: &str) {
            let message = json!({"QueueUrl": self.orders, "MessageBody": body});
            call(&self.cloud, "SendMessage", message);
        }

        fn order(&self, id: u64) {
            let item = json!({"leaves": "rocket", "ingredients": ["feta"]});
            self.send(&json!({"id": id, "customer": "Ada", "item": item}).to_string());
        }

        /// Takes what is in a queue out of it.
        fn drain(&self, queue: &str) -> Vec<Value> {
            let mut all = Vec::new();
            loop {
                let ask = json!({
                    "QueueUrl": queue, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"],
                });
                let received = call(&self.cloud, "ReceiveMessage", ask);
                let Some(messages) = received["Messages"].as_array() else { return all };
                for message in messages {
                    let handle = &message["ReceiptHandle"];
                    let delete = json!({"QueueUrl": queue, "ReceiptHandle": handle});
                    call(&self.cloud, "DeleteMessage", delete);
                    all.push(message.clone());
                }
            }
        }

        /// How many receipts each order has, those included that were seen before.
        fn receipts(&self, seen: &mut BTreeMap<u64, u32>) {
            for message in self.drain(&self.receipts) {
                let receipt = body(&message);
                assert_eq!(receipt["served"], "a rocket salad with feta, vinaigrette");
                *seen.entry(receipt["order"].as_u64().expect("a number")).or_default() += 1;
            }
        }
    }

    fn call(cloud: &Cloud, action: &str, given: Value) -> Value {
        let request = Request::post("/", given.to_string())
            .header("x-amz-target", &format!("AmazonSQS.{action}"))
            .header("content-type", "application/x-amz-json-1.0");
        let answer = cloud.http(request);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    fn body(message: &Value) -> Value {
        serde_json::from_str(message["Body"].as_str().expect("text")).expect("JSON")
    }

    /// The shop's process, and what it writes.
    struct Shop {
        counter: Child,
        log: mpsc::Receiver<String>,
        door: String,
    }

    impl Shop {
        /// Three makers and a washer, who share two bowls.
        fn open(street: &Street) -> Self {
            let mut program = Command::new(program("salad"));
            program.env_clear().stdin(Stdio::null()).stdout(Stdio::piped());
            program.env("AWS_ENDPOINT_URL", street.cloud.url()).env("AWS_REGION", "us-east-1");
            program.env("AWS_ACCESS_KEY_ID", "key").env("AWS_SECRET_ACCESS_KEY", "secret");
            program.env("ORDERS_QUEUE_URL", &street.orders);
            program.env("DEAD_LETTERS_QUEUE_URL", &street.dead_letters);
            program.env("RECEIPTS_QUEUE_URL", &street.receipts);
            program.env("LISTEN", "127.0.0.1:0").env("WAIT_TIME_S", "1");
            program.env("STAFF", "4").env("BOWLS", "2").env("SALAD_CPU_MS", "40");
            let mut counter = program.spawn().expect("the shop runs");
            let stdout = BufReader::new(counter.stdout.take().expect("it is piped"));
            let (writing, log) = mpsc::channel();
            thread::spawn(move || {
                stdout.lines().map_while(Result::ok).all(|line| writing.send(line).is_ok())
            });
            let is_open = |line: &String| line.contains("its door is at");
            let line = log.iter().find(is_open).expect("the shop opens");
            let line: Value = serde_json::from_str(&line).expect("a log of JSON");
            let told = line["message"].as_str().expect("a sentence");
            let door = told.rsplit(' ').next().expect("an address").to_owned();
            Self { counter, log, door }
        }

        fn ask(&self, path: &str) -> String {
            let mut door = TcpStream::connect(&self.door).expect("it listens");
            write!(door, "GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n")
                .expect("ask");
            let mut answer = String::new();
            door.read_to_string(&mut answer).expect("an answer");
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
        }

        fn kitchen(&self) -> Value {
            let status: Value = serde_json::from_str(&self.ask("/status")).expect("JSON");
            status["kitchen"].clone()
        }

        /// One of the staff, once that is so of it.
        fn staff(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> i32 {
            wait_until(what, || {
                let now = self.kitchen()["now"].clone();
                let staff = now["staff"].as_array().expect("staff");
                let found = staff.iter().find(|member| is_so(member) && member["pid"].is_u64());
                let pid = found.and_then(|member| i32::try_from(member["pid"].as_u64()?).ok());
                pid.ok_or_else(|| now.to_string())
            })
        }

        /// Tells it to close, and gives the rest of its log.
        fn close(mut self) -> Vec<String> {
            signal(self.counter.id().cast_signed(), Signal::SIGTERM);
            let ended = wait_until("the shop is closed", || {
                let ended = self.counter.try_wait().map_err(|error| error.to_string())?;
                ended.ok_or_else(|| "it runs".to_owned())
            });
            let log: Vec<_> = self.log.iter().collect();
            assert!(ended.success(), "{ended}: {log:#?}");
            log
        }
    }

    impl Drop for Shop {
        fn drop(&mut self) {
            // It has ended, unless the test has failed.
            self.counter.kill().ok();
            self.counter.wait().ok();
        }
    }

    fn signal(pid: i32, signal: Signal) {
        kill(Pid::from_raw(pid), signal).expect("the process is there");
    }

    fn one_each(orders: impl IntoIterator<Item = u64>) -> BTreeMap<u64, u32> {
        orders.into_iter().map(|order| (order, 1)).collect()
    }

    #[test]
    fn killed_makers_and_washers_lose_no_order_of_the_queue_and_broken_ones_are_set_aside() {
        let street = Street::open();
        street.send(r#"{"id": 99, "customer": "Ada", "item": {"leaves": "hay"}}"#);
        (1..=24).for_each(|id| street.order(id));
        let shop = Shop::open(&street);
        shop.ask("/health");
        let mut killed: Vec<i32> = Vec::new();
        for part in ["maker", "washer", "maker", "washer"] {
            let is_next = |member: &Value| {
                member["part"] == part && !killed.iter().any(|pid| member["pid"] == *pid)
            };
            if part == "washer" {
                // It has a bowl for two milliseconds only, unless it is stopped.
                let washes = |member: &Value| is_next(member) && member["is_ready"] == true;
                signal(shop.staff("somebody washes", washes), Signal::SIGSTOP);
            }
            let has_bowl = |member: &Value| is_next(member) && member["bowl"].is_u64();
            let one = shop.staff("a bowl is in its hands", has_bowl);
            signal(one, Signal::SIGKILL);
            killed.push(one);
        }
        let mut seen = BTreeMap::new();
        wait_until("every order has a receipt", || {
            street.receipts(&mut seen);
            (seen.len() >= 24).then_some(()).ok_or_else(|| format!("{seen:?}"))
        });
        assert_eq!(seen, one_each(1..=24));
        let broken = wait_until("the broken order is a dead letter", || {
            street.drain(&street.dead_letters).pop().ok_or_else(|| "nothing".to_owned())
        });
        assert_eq!(body(&broken)["id"], 99);
        let attributes = broken["MessageAttributes"].to_string();
        assert!(attributes.contains("unknown variant `hay`"), "{attributes}");
        let kitchen = wait_until("all bowls are clean", || {
            let kitchen = shop.kitchen();
            let is_so = kitchen["now"]["clean_bowls"] == 2;
            is_so.then_some(kitchen.clone()).ok_or_else(|| kitchen.to_string())
        });
        assert_eq!(kitchen["now"]["tally"]["served"], 24, "{kitchen}");
        assert_eq!(kitchen["now"]["tally"]["staff_lost"], 4, "{kitchen}");
        assert!(kitchen["now"]["average"]["cpu_ms"].is_f64(), "{kitchen}");
        shop.close();
    }

    #[test]
    fn a_shop_that_is_told_to_close_serves_or_gives_back_all_that_it_holds() {
        let street = Street::open();
        let shop = Shop::open(&street);
        (1..=30).for_each(|id| street.order(id));
        shop.staff("somebody makes a salad", |member| member["order"].is_u64());
        let log = shop.close();
        let closed = log.iter().find(|line| line.contains("0 of the staff lost"));
        assert!(closed.is_some(), "{log:#?}");
        let mut outcomes = BTreeMap::new();
        street.receipts(&mut outcomes);
        assert!(!outcomes.is_empty(), "what was begun is served");
        // What is given back is there at once, and not only after the visibility timeout.
        for message in street.drain(&street.orders) {
            *outcomes.entry(body(&message)["id"].as_u64().expect("a number")).or_default() += 1;
        }
        assert_eq!(outcomes, one_each(1..=30));
    }
}
