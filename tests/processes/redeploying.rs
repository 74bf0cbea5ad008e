//! New code and new configuration while the cloud runs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use lunch_cloud::Phase;
use lunch_tests::{Cloud, Folder, Gate, program, wait_until};
use nix::sys::signal::Signal;
use serde_json::json;

use super::SCRIPTED;

/// A timeout that nothing runs into, however busy the computer is.
const A_WHILE_S: u32 = 60;

fn template(folder: &Folder, functions: &[(&str, u32)]) {
    let described = functions.iter().map(|(name, timeout)| {
        format!(
            "  {name}:\n    Type: AWS::Serverless::Function\n    Metadata: {{SkipBuild: true}}\n    Properties:\n      \
             FunctionName: {name}\n      Runtime: provided.al2023\n      Handler: bootstrap\n      CodeUri: code\n      \
             Timeout: {timeout}\n"
        )
    });
    let resources: String = described.collect();
    let text = format!("Transform: AWS::Serverless-2016-10-31\nResources:\n{resources}");
    // As editors do it: never half of a file.
    let fresh = folder.write("template.new", text);
    fs::rename(fresh, folder.path().join("template.yaml")).expect("it is there");
}

fn cloud(folder: &Folder) -> Cloud {
    folder.place("code/bootstrap", &program("scripted"));
    template(folder, &[(SCRIPTED, A_WHILE_S)]);
    Cloud::builder().template(folder.path().join("template.yaml")).start()
}

fn wait_for_timeout(cloud: &Cloud, ms: u64) {
    wait_until("the new configuration serves", || match cloud.info().functions[0].timeout_ms {
        found if found == ms => Ok(()),
        found => Err(format!("{found} ms")),
    });
}

#[test]
fn a_program_that_is_replaced_serves_in_new_instances_and_the_old_ones_finish_and_go() {
    let folder = Folder::make();
    let cloud = cloud(&folder);
    let idle = cloud.begin(SCRIPTED, json!({"do": [{"sleep_ms": 50}]}));
    let gate = Gate::shut();
    let busy = cloud.begin(SCRIPTED, json!({"do": [gate.step()]}));
    let visitor = gate.visitor();
    let idle = idle.wait();
    idle.expect_ok();

    // As a build elsewhere does it: another file in its place, and at once.
    let fresh = folder.path().join("fresh");
    fs::copy(program("scripted"), &fresh).expect("there is room");
    fs::rename(fresh, folder.path().join("code/bootstrap")).expect("it is there");
    wait_until("the idle one goes", || match cloud.ps().instances.len() {
        1 => Ok(()),
        count => Err(format!("{count} live")),
    });
    let fresh = cloud.invoke(SCRIPTED, json!({}));
    fresh.expect_ok().expect_cold();
    visitor.pass();
    let busy = busy.wait();
    busy.expect_ok();
    wait_until("the busy one goes", || {
        let ps = cloud.ps();
        let names: Vec<_> = ps.instances.iter().map(|instance| instance.instance.clone()).collect();
        if names == [fresh.instance()] { Ok(()) } else { Err(names.join(", ")) }
    });
    let said = cloud.end(Signal::SIGINT).said;
    assert!(said.contains("revision 2 of `scripted` serves from now on"), "{said}");
    assert!(
        said.contains(&format!("({} when done with what is in hand)", busy.instance())),
        "{said}"
    );
}

#[test]
fn a_template_that_changes_is_deployed() {
    let folder = Folder::make();
    let cloud = cloud(&folder);
    cloud.invoke(SCRIPTED, json!({})).expect_ok();
    template(&folder, &[(SCRIPTED, 7)]);
    wait_for_timeout(&cloud, 7_000);
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_cold();
}

#[test]
fn functions_come_and_go_with_the_template() {
    let folder = Folder::make();
    let cloud = cloud(&folder);
    cloud.invoke(SCRIPTED, json!({})).expect_ok();
    template(&folder, &[("tea", 3)]);
    wait_until("the new function is there", || match cloud.info().functions.as_slice() {
        [only] if only.name == "tea" => Ok(()),
        all => Err(format!("{all:?}")),
    });
    cloud.invoke("tea", json!({})).expect_ok().expect_cold();
    cloud.invoke(SCRIPTED, json!({})).expect_status(404);
    wait_until("nobody of the old function lives", || {
        let ps = cloud.ps();
        let living = ps.instances.iter().filter(|one| one.phase != Phase::Gone);
        let functions: Vec<_> = living.map(|one| one.function.clone()).collect();
        if functions == ["tea"] { Ok(()) } else { Err(functions.join(", ")) }
    });
    template(&folder, &[("tea", 3), (SCRIPTED, A_WHILE_S)]);
    wait_until("the old function is there again", || match cloud.info().functions.len() {
        2 => Ok(()),
        count => Err(format!("{count} functions")),
    });
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_cold();
    cloud.invoke("tea", json!({})).expect_ok().expect_warm();
}

#[test]
fn what_cannot_be_deployed_is_told_and_what_serves_goes_on() {
    let folder = Folder::make();
    let cloud = cloud(&folder);
    let first = cloud.invoke(SCRIPTED, json!({}));
    let broken = folder.write("broken", "Resources: [");
    fs::rename(broken, folder.path().join("template.yaml")).expect("it is there");
    let told = |sentence: &str| {
        wait_until("it is told", || {
            let said = cloud.said();
            if said.contains(sentence) { Ok(said) } else { Err(said) }
        })
    };
    let said = told("what served before goes on serving");
    assert!(said.contains("template.yaml` changed") && said.contains("1:"), "{said}");
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_reused(&first);

    template(&folder, &[(SCRIPTED, A_WHILE_S)]);
    told("no function and no service is another one by that");
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_warm().expect_reused(&first);

    template(&folder, &[(SCRIPTED, 9)]);
    told("revision 2 of `scripted` serves from now on");
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_cold();
}

#[test]
fn a_program_that_does_not_run_leaves_the_one_before_to_cold_starts_too() {
    let folder = Folder::make();
    let cloud = cloud(&folder);
    cloud.invoke(SCRIPTED, json!({})).expect_ok();
    let broken = folder.write("broken", "no program");
    fs::set_permissions(&broken, fs::Permissions::from_mode(0o755)).expect("it is there");
    fs::rename(broken, folder.path().join("code/bootstrap")).expect("it is there");
    wait_until("it is told", || {
        let said = cloud.said();
        if said.contains("what served before goes on serving") { Ok(()) } else { Err(said) }
    });
    cloud.evict(SCRIPTED);
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_cold();
}

/// A template with a service of so many tasks, whose containers run a script.
fn shop(folder: &Folder, name: &str, desired: u32) {
    let fresh = folder.write("template.new", shop_text(name, desired));
    fs::rename(fresh, folder.path().join("template.yaml")).expect("it is there");
}

fn shop_text(name: &str, desired: u32) -> String {
    format!(
        "Resources:
  Kitchen:
    Type: AWS::ECS::TaskDefinition
    Metadata: {{Lunch: {{Containers: {{grill: {{Command: [sh, ./grill.sh]}}}}}}}}
    Properties:
      Family: kitchen
      ContainerDefinitions: [{{Name: grill, Image: grill, Memory: 64, StopTimeout: 2}}]
  Shop:
    Type: AWS::ECS::Service
    Properties: {{ServiceName: {name}, DesiredCount: {desired}, TaskDefinition: !Ref Kitchen}}
"
    )
}

fn grill(folder: &Folder, says: &str) {
    let fresh = folder.write("grill.new", format!("echo {says}\nexec sleep 600\n"));
    fs::rename(fresh, folder.path().join("grill.sh")).expect("it is there");
}

/// Waits until these tasks run, and no others.
fn wait_for_tasks(cloud: &Cloud, owner: &str, count: usize) -> Vec<String> {
    wait_until(&format!("{count} tasks of `{owner}` run"), || {
        let tasks = cloud.ps().tasks;
        let is_meant = tasks.iter().all(|one| one.owner == owner && one.last_status == "RUNNING");
        let names: Vec<_> = tasks.iter().map(|one| one.task.clone()).collect();
        if is_meant && names.len() == count { Ok(names) } else { Err(format!("{tasks:?}")) }
    })
}

#[test]
fn a_service_replaces_its_tasks_when_what_they_run_is_another_one() {
    let folder = Folder::make();
    grill(&folder, "raw");
    shop(&folder, "burger", 1);
    let cloud = Cloud::builder().template(folder.path().join("template.yaml")).start();
    let first = wait_for_tasks(&cloud, "burger", 1);
    grill(&folder, "cooked");
    let second = wait_until("its task is replaced", || {
        let names = wait_for_tasks(&cloud, "burger", 1);
        if names == first { Err(format!("{names:?}")) } else { Ok(names) }
    });
    // Two now, of which the one that runs is one; and nobody who scaled it otherwise is undone by a change elsewhere.
    shop(&folder, "burger", 2);
    let two = wait_for_tasks(&cloud, "burger", 2);
    assert!(two.contains(&second[0]), "{second:?} {two:?}");
    shop(&folder, "fries", 1);
    wait_for_tasks(&cloud, "fries", 1);
    let said = cloud.end(Signal::SIGINT).said;
    for sentence in [
        "service `burger` replaces its tasks: revision 2 of its task definition",
        "service `burger` is updated, and wants 2 tasks",
        "service `burger` is gone; its tasks end",
        "service `fries` is there now, and wants 1 task",
    ] {
        assert!(said.contains(sentence), "{sentence}: {said}");
    }
}

#[test]
fn a_task_that_is_told_to_end_still_finds_the_cloud() {
    let folder = Folder::make();
    let calls =
        "to=${AWS_ENDPOINT_URL#http://}; (exec 3<>/dev/tcp/${to/:/\\/}) && echo found > ending";
    let script = format!("trap '{calls}; exit 0' TERM; touch open; while :; do sleep 0.05; done\n");
    folder.write("grill.sh", script);
    let template = shop_text("burger", 1).replace("[sh, ./grill.sh]", "[bash, ./grill.sh]");
    let template = folder.write("template.yaml", template);
    let cloud = Cloud::builder().template(template).start();
    let opened = folder.path().join("open");
    wait_until(
        "it has begun",
        || if opened.exists() { Ok(()) } else { Err("it has not".to_owned()) },
    );
    cloud.end(Signal::SIGINT);
    let ending = fs::read_to_string(folder.path().join("ending"));
    assert_eq!(ending.ok().as_deref(), Some("found\n"));
}
