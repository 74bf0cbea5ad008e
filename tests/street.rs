//! The street as it is deployed: the repository's own template, with the programs that this workspace builds.

#[cfg(test)]
mod street {
    use std::collections::BTreeMap;
    use std::fs;
    use std::process::{Command, Stdio};

    use lunch_tests::{Cloud, Folder, Request, lunch, program, wait_until, workspace};
    use serde_json::{Value, json};

    const FUNCTIONS: [&str; 3] = ["coffee", "till", "takeaway"];
    const CONTAINERS: [(&str, &str); 2] = [("BurgerTask", "burger"), ("SaladTask", "salad")];

    /// The template as it stands in the repository, beside it the functions as somebody else built them, and the shops'
    /// programs where `lunch` has built them before.
    fn street() -> Folder {
        let folder = Folder::make();
        let mut template =
            fs::read_to_string(workspace().join("template.yaml")).expect("it is there");
        for function in FUNCTIONS {
            folder.place(&format!("{function}/bootstrap"), &program(function));
            let (source, built) =
                (format!("CodeUri: functions/{function}\n"), format!("CodeUri: {function}\n"));
            assert!(template.contains(&source), "the template has no `{source}`");
            template = template.replace(&source, &built);
        }
        for (definition, name) in CONTAINERS {
            folder.place(&format!(".lunch/build/{definition}.{name}/{name}"), &program(name));
        }
        folder.write("template.yaml", template);
        folder
    }

    fn order(shop: &str, id: u64, item: &Value) -> Value {
        json!({"shop": shop, "id": id, "customer": "Ada", "item": item})
    }

    fn latte() -> Value {
        json!({"drink": "latte", "size": "small"})
    }

    #[test]
    fn a_crowd_is_followed_through_the_till_to_receipts_and_dead_letters() {
        let folder = street();
        let ridiculous =
            json!({"drink": "mocha", "extras": [{"add": "marshmallows", "times": 90}]});
        let lines = [
            json!({"at": 0, "function": "till", "payload": order("coffee", 1, &latte())}),
            json!({"at": 0.1, "function": "till", "payload": order("coffee", 2, &latte())}),
            json!({"at": 0.2, "function": "till", "payload": order("burger", 3, &json!({"patties": 2}))}),
            json!({"at": 0.3, "function": "coffee", "payload": {"id": 4, "customer": "Ada", "item": latte()}}),
            // By itself in its batch, most likely; whoever is in it too has a receipt all the same.
            json!({"at": 1, "function": "till", "payload": order("coffee", 5, &ridiculous)}),
            json!({"at": 1.1, "function": "till", "payload": order("salad", 6, &json!({"leaves": "kale"}))}),
            json!({"at": 1.2, "function": "till", "payload": order("salad", 7, &latte())}),
            json!({"at": 1.3, "function": "till", "payload": order("pizza", 8, &latte())}),
        ];
        let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
        let orders = folder.write("orders.jsonl", lines.join("\n"));
        let mut rush = Command::new(lunch());
        rush.arg("rush").arg("--template").arg(folder.path().join("template.yaml"));
        rush.args(["--no-build", "--cold-start", "none", "--orders"]).arg(orders);
        let rush = rush.stdin(Stdio::null()).output().expect("lunch runs");
        let drawn = String::from_utf8_lossy(&rush.stdout);
        let said = String::from_utf8_lossy(&rush.stderr);
        assert_eq!(rush.status.code(), Some(0), "{said}\n{drawn}");
        let row = |name: &str| {
            let row = drawn.lines().find(|line| line.trim_start().starts_with(name));
            let row = row.unwrap_or_else(|| panic!("no row `{name}`: {drawn}"));
            row.trim_start().strip_prefix(name).expect("it begins so").trim().to_owned()
        };
        assert_eq!(row("orders"), "8");
        assert_eq!(row("served"), "7");
        assert_eq!(row("function errors"), "1   Refused");
        assert_eq!(row("passed on to queues"), "6");
        assert!(row("with a receipt").starts_with('4'), "{drawn}");
        assert_eq!(row("dead letters"), "2");
        assert_eq!(row("line 5 is in"), "`lunch-CoffeeOrdersDeadLetters`");
        assert_eq!(row("line 7 is in"), "`lunch-SaladOrdersDeadLetters`");
        for lane in ["service burger", "task-0000 burger", "service salad", "task-0001 salad"] {
            assert!(drawn.contains(lane), "no lane `{lane}`: {drawn}");
        }
        assert!(drawn.contains("decisions identical"), "{drawn}");
    }

    #[test]
    fn an_order_by_the_tills_url_comes_out_as_a_receipt() {
        let folder = street();
        let cloud = Cloud::builder()
            .template(folder.path().join("template.yaml"))
            .argument("--no-build")
            .start();
        let ask = |shop, item: &Value| {
            let order = order(shop, 7, item).to_string();
            let answer = cloud.http(Request::post("/lambda-url/TillFunction/", order));
            (answer.status, serde_json::from_slice::<Value>(&answer.body).expect("JSON"))
        };
        let (status, refused) = ask("pizza", &latte());
        let message = refused["message"].as_str().expect("a sentence");
        assert!(status == 400 && message.starts_with("this is no order"), "{status}: {message}");
        let menu = [
            ("coffee", latte(), "a small latte"),
            ("burger", json!({"extras": ["cheese"]}), "a burger with cheese"),
            ("salad", json!({"leaves": "kale"}), "a kale salad with vinaigrette"),
        ];
        for (shop, item, _) in &menu {
            assert_eq!(ask(shop, item), (202, json!({"order": 7})));
        }

        let sqs = |action: &str, given: Value| {
            let request = Request::post("/", given.to_string())
                .header("x-amz-target", &format!("AmazonSQS.{action}"))
                .header("content-type", "application/x-amz-json-1.0");
            let answer = cloud.http(request);
            assert_eq!(answer.status, 200, "{}", answer.text());
            serde_json::from_slice::<Value>(&answer.body).expect("JSON")
        };
        let queues = sqs("ListQueues", json!({"QueueNamePrefix": "lunch-Receipts"}));
        let url = queues["QueueUrls"].as_array().expect("queues").iter();
        let url = url.filter_map(Value::as_str).find(|url| !url.contains("DeadLetters"));
        let url = url.expect("the queue of the receipts");
        let mut receipts = BTreeMap::new();
        while receipts.len() < menu.len() {
            let body = wait_until("a receipt", || {
                let received =
                    sqs("ReceiveMessage", json!({"QueueUrl": url, "WaitTimeSeconds": 2}));
                let body = received["Messages"][0]["Body"].as_str().map(str::to_owned);
                body.ok_or_else(|| received.to_string())
            });
            let receipt: Value = serde_json::from_str(&body).expect("JSON");
            receipts.insert(receipt["shop"].to_string(), receipt);
        }
        for (shop, _, served) in menu {
            let expected = json!({
                "shop": shop, "outcome": "served", "attempt": 1, "order": 7, "customer": "Ada",
                "served": served,
            });
            assert_eq!(receipts.remove(&expected["shop"].to_string()), Some(expected));
        }
    }
}
