use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::template::{self, Options};

/// A folder with a template and what it names, gone when it is dropped.
struct Street(PathBuf);

impl Street {
    fn new(name: &str, files: &[(&str, &str)], resources: &str) -> Self {
        let root = std::env::temp_dir().join(format!("lunch-build-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&root));
        let street = Self(root);
        for (path, text) in files {
            street.write(path, text);
        }
        street.write("template.yaml", &format!("Resources:\n{resources}"));
        street
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn allow(&self, path: &str) {
        fs::set_permissions(self.0.join(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn template(&self) -> Template {
        template::read(&Options {
            path: self.0.join("template.yaml"),
            parameter_overrides: Vec::new(),
            region: "eu-central-2".to_owned(),
            account: "123456789012".to_owned(),
            stack_name: None,
        })
        .unwrap()
    }

    fn build(&self, no_build: bool) -> (Result<Vec<ServedFunction>, BuildError>, Vec<Progress>) {
        self.build_with(&BuildOptions {
            no_build,
            offline: true,
            again: false,
            functions_only: false,
        })
    }

    fn build_again(&self) -> Result<Vec<ServedFunction>, BuildError> {
        self.build_with(&BuildOptions {
            no_build: false,
            offline: true,
            again: true,
            functions_only: false,
        })
        .0
    }

    fn build_with(
        &self,
        options: &BuildOptions,
    ) -> (Result<Vec<ServedFunction>, BuildError>, Vec<Progress>) {
        let mut told = Vec::new();
        let built = build(&self.template(), options, &mut |progress| told.push(progress));
        (built.map(|built| built.functions), told)
    }

    fn error(&self) -> String {
        self.build(false).0.unwrap_err().to_string().replace(&self.0.display().to_string(), "ROOT")
    }
}

impl Drop for Street {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn function(id: &str, code: &str, rest: &str) -> String {
    format!(
        "  {id}: {{Type: AWS::Serverless::Function, Properties: {{Runtime: provided.al2023, CodeUri: {code}}}{rest}}}\n"
    )
}

fn manifest(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n[workspace]\n")
}

fn said(told: &[Progress]) -> String {
    let said = told.iter().filter_map(|progress| match progress {
        Progress::Said(line) => Some(line.as_str()),
        Progress::Compiling { .. } | Progress::Built { .. } => None,
    });
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_crate_is_built_and_staged_and_taken_again_without_building() {
    let files = [("tea/Cargo.toml", &*manifest("tea")), ("tea/src/main.rs", "fn main() {}")];
    let street = Street::new("again", &files, &function("Tea", "tea", ""));
    let early = street.build(true).0;
    assert!(matches!(early, Err(BuildError::NotStaged { .. })), "{early:?}");
    let (served, told) = street.build(false);
    let served = served.unwrap();
    assert_eq!(served[0].program, street.0.join(".lunch/build/Tea/bootstrap"));
    assert_eq!(served[0].binary.as_deref(), Some("tea"));
    assert_eq!(fs::read_dir(&served[0].code).unwrap().count(), 1, "only `bootstrap`, as on AWS");
    assert!(std::process::Command::new(&served[0].program).status().unwrap().success());
    let first = Progress::Compiling { what: "tea".to_owned(), done: 1, total: Some(1) };
    assert_eq!(told[0], first);
    assert!(
        matches!(&told[1], Progress::Built { name, took } if name == "Tea" && !took.is_zero()),
        "{told:?}"
    );
    assert_eq!(street.build(true).0.unwrap(), served);
}

#[test]
fn what_the_compiler_says_is_told_while_it_runs_and_not_again() {
    let main = "fn main() { let unused = 1; tea }";
    let files = [("tea/Cargo.toml", &*manifest("tea")), ("tea/src/main.rs", main)];
    let (built, told) = Street::new("broken", &files, &function("Tea", "tea", "")).build(false);
    let said = said(&told);
    assert_eq!(said.matches("cannot find value `tea`").count(), 1, "{said}");
    assert_eq!(built.unwrap_err().to_string(), "`cargo build` failed: exit status: 101");
}

#[test]
fn crates_of_several_workspaces_are_built_in_the_templates_order() {
    let (tea, soup) = (manifest("tea"), manifest("soup"));
    let files = [
        ("tea/Cargo.toml", &*tea),
        ("tea/src/main.rs", "fn main() {}"),
        ("soup/Cargo.toml", &*soup),
        ("soup/src/main.rs", "fn main() {}"),
        ("bread/bootstrap", "#!/bin/sh\n"),
    ];
    let resources =
        [function("Tea", "tea", ""), function("Bread", "bread", ""), function("Soup", "soup", "")];
    let street = Street::new("several", &files, &resources.concat());
    street.allow("bread/bootstrap");
    let served = street.build(false).0.unwrap();
    let binaries = served.iter().map(|one| (one.name.as_str(), one.binary.as_deref()));
    let expected = [("Tea", Some("tea")), ("Bread", None), ("Soup", Some("soup"))];
    assert_eq!(binaries.collect::<Vec<_>>(), expected);
    assert_eq!(served[1].program, street.0.join(".lunch/build/Bread/bootstrap"), "a copy of it");
}

#[test]
fn code_that_is_taken_as_it_is_is_copied_and_stays_what_it_was() {
    let files = [("tea/bootstrap", "#!/bin/sh\n"), ("tea/leaves/green", "sencha")];
    let street = Street::new("kept", &files, &function("Tea", "tea", ""));
    street.allow("tea/bootstrap");
    let program = street.build(false).0.unwrap()[0].program.clone();
    let kept = program.with_file_name("leaves/green");
    let inside = fs::File::open(program.parent().unwrap()).unwrap();
    let seen_inside = PathBuf::from(format!("/proc/self/fd/{}", inside.as_raw_fd()));

    street.write("tea/leaves/green", "matcha");
    street.write("tea/bootstrap", "no program");
    street.build_again().unwrap_err();
    assert_eq!(fs::read_to_string(&kept).unwrap(), "sencha", "what does not run is not kept");
    assert_eq!(fs::read_to_string(&program).unwrap(), "#!/bin/sh\n");

    street.write("tea/bootstrap", "#!/bin/sh\nexit\n");
    street.build_again().unwrap();
    assert_eq!(fs::read_to_string(&kept).unwrap(), "matcha");
    let seen = fs::read_to_string(seen_inside.join("leaves/green"));
    assert_eq!(seen.unwrap(), "sencha", "to who runs still");
    let before = fs::metadata(&program).unwrap();
    street.build_again().unwrap();
    let again = fs::metadata(&program).unwrap();
    assert_eq!(before.modified().unwrap(), again.modified().unwrap(), "nothing new, nothing done");
}

#[test]
fn code_that_cannot_be_copied_is_used_where_it_stands_and_that_is_said() {
    let street =
        Street::new("held", &[("tea/bootstrap", "#!/bin/sh\n")], &function("Tea", "tea", ""));
    street.allow("tea/bootstrap");
    street.write(".lunch", "a file, and no folder");
    let (served, told) = street.build(false);
    assert_eq!(served.unwrap()[0].program, street.0.join("tea/bootstrap"));
    assert!(said(&told).contains("no copy of its code is kept"), "{told:?}");
}

#[test]
fn it_must_be_clear_which_program_is_meant() {
    let manifest = manifest("tea");
    let files = [
        ("tea/Cargo.toml", &*manifest),
        ("tea/src/bin/green.rs", "fn main() {}"),
        ("tea/src/bin/black.rs", "fn main() {}"),
    ];
    let named = |binary: &str| format!(", Metadata: {{BuildProperties: {{Binary: {binary}}}}}");
    assert_eq!(
        Street::new("which", &files, &function("Tea", "tea", "")).error(),
        "function `Tea` could be any of these programs: `black`, `green`\n(name one in its `Metadata.BuildProperties.Binary`)"
    );
    assert_eq!(
        Street::new("wrong", &files, &function("Tea", "tea", &named("red"))).error(),
        "function `Tea`: `ROOT/tea/Cargo.toml` makes no program `red`\n(name one of these in its `Metadata.BuildProperties.Binary`: `black`, `green`)"
    );
    let street = Street::new("right", &files, &function("Tea", "tea", &named("green")));
    assert_eq!(street.build(false).0.unwrap()[0].binary.as_deref(), Some("green"));
    let library = [("tea/Cargo.toml", &*manifest), ("tea/src/lib.rs", "")];
    assert_eq!(
        Street::new("library", &library, &function("Tea", "tea", "")).error(),
        "function `Tea`: `ROOT/tea/Cargo.toml` makes no program\n(a function is a program: add a `src/main.rs`, or correct its `CodeUri`)"
    );
}

#[test]
fn a_makefile_builds_what_its_template_leaves_to_it() {
    let makefile = "build-Tea:\n\t@echo brewing\n\t@cp tea.sh $(ARTIFACTS_DIR)/bootstrap\n\t@cp notes $(ARTIFACTS_DIR)\nbuild-Milk:\n\t@true\nbuild-Soup:\n\t@echo spilt >&2; exit 3\n";
    let files = [("made/Makefile", makefile), ("made/tea.sh", "#!/bin/sh\n"), ("made/notes", "")];
    let make = |id: &str| function(id, "made", ", Metadata: {BuildMethod: makefile}");
    let street = Street::new("make", &files, &make("Tea"));
    street.allow("made/tea.sh");
    let (served, told) = street.build(false);
    let served = served.unwrap();
    assert_eq!(served[0].program, street.0.join(".lunch/build/Tea/bootstrap"));
    assert!(served[0].code.join("notes").is_file(), "what is put beside it stays there");
    assert_eq!(said(&told), "brewing");
    assert!(matches!(told.last(), Some(Progress::Built { name, .. }) if name == "Tea"));
    street.write("made/Makefile", "build-Tea:\n\tfalse\n");
    assert_eq!(street.build(true).0.unwrap(), served, "as it was built before");

    let street = Street::new("made-nothing", &files, &make("Milk"));
    assert_eq!(
        street.error(),
        "function `Milk`: `make build-Milk` left no `bootstrap` in the folder `$ARTIFACTS_DIR`\n(copy it there in that target)"
    );
    let street = Street::new("unmade", &files, &make("Soup"));
    let (built, told) = street.build(false);
    assert!(said(&told).contains("spilt"), "{told:?}");
    assert_eq!(
        built.unwrap_err().to_string(),
        "function `Soup`: `make build-Soup` failed: exit status: 2\n(`BuildMethod: makefile` runs that target in its `CodeUri`)"
    );
    let street = Street::new("half", &files, &(make("Tea") + &function("Soup", "soup", "")));
    street.allow("made/tea.sh");
    let (built, told) = street.build(false);
    built.unwrap_err();
    assert_eq!(told, [], "what is missing is told before anything is built");
    let street = Street::new("no-makefile", &[("made/notes", "")], &make("Tea"));
    assert_eq!(
        street.error(),
        "function `Tea`: `ROOT/made` has neither a `Makefile` nor a `bootstrap`\n(correct its `CodeUri`)"
    );
}

#[test]
fn a_crate_that_is_configured_for_another_machine_is_told_by_whom() {
    let manifest = manifest("tea");
    let linker = r#"#!/bin/sh
while [ "$#" -gt 1 ]; do
    [ "$1" = -o ] && printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\10\0' > "$2" && chmod +x "$2"
    shift
done
"#;
    let files = [
        ("tea/Cargo.toml", &*manifest),
        ("tea/src/main.rs", "fn main() {}"),
        ("tea/.cargo/config.toml", "[target.'cfg(unix)']\nlinker = \"./linker\"\n"),
        ("tea/linker", linker),
    ];
    let street = Street::new("configured", &files, &function("Tea", "tea", ""));
    street.allow("tea/linker");
    let error = street.error();
    assert!(error.contains("`ROOT/.lunch/build/Tea/bootstrap` is for `mips`"), "{error}");
    assert!(error.contains("\n(cargo was told so, by `build.target`"), "{error}");
}

/// A zip of one file.
fn zip(path: &Path, name: &str, mode: u32) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    let options = zip::write::SimpleFileOptions::default().unix_permissions(mode);
    zip.start_file(name, options).unwrap();
    std::io::Write::write_all(&mut zip, b"#!/bin/sh\n").unwrap();
    zip.finish().unwrap();
}

#[test]
fn a_zip_is_unpacked_and_run() {
    let street = Street::new("zip", &[], &function("Tea", "tea.zip", ""));
    let archive = street.0.join("tea.zip");
    let error = street.build(false).0.unwrap_err();
    assert!(error.to_string().ends_with("/tea.zip` cannot be used"), "{error}");
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(why, "it cannot be read\n(build it first, or correct its `CodeUri`)");
    zip(&archive, "bootstrap", 0o755);
    for no_build in [false, true] {
        let served = street.build(no_build).0.unwrap();
        assert_eq!(served[0].program, street.0.join(".lunch/build/Tea/bootstrap"));
        assert!(std::process::Command::new(&served[0].program).status().unwrap().success());
    }
    let looked = || {
        let template = street.template();
        let error = check_zip(&template, &template.functions[0]).unwrap_err();
        error.to_string().replace(&street.0.display().to_string(), "ROOT")
    };
    zip(&archive, "code/bootstrap", 0o755);
    assert_eq!(looked(), street.error());
    assert_eq!(
        street.error(),
        "function `Tea`: no `bootstrap` stands in `ROOT/tea.zip`\n(it has to be at the top, in no folder: `cd` there, then `zip code.zip bootstrap`)"
    );
    zip(&archive, "bootstrap", 0o644);
    let error = street.error();
    assert_eq!(looked(), error);
    assert!(error.ends_with("not executable\n(chmod +x bootstrap, and zip it again)"), "{error}");
    let left = fs::read_dir(street.0.join(".lunch/build")).unwrap().count();
    assert_eq!(left, 1, "nothing else is left behind");
}

#[test]
fn what_sam_built_is_taken_as_it_is() {
    let build = "Resources:\n  Tea:\n    Type: AWS::Serverless::Function\n    Metadata: {SamResourceId: Tea, BuildMethod: METHOD}\n    Properties: {Runtime: provided.al2023, CodeUri: Tea}\n";
    for method in ["rust-cargolambda", "makefile"] {
        let street = Street::new("sam", &[("Tea/bootstrap", "#!/bin/sh\n")], "");
        street.write("template.yaml", &build.replace("METHOD", method));
        street.allow("Tea/bootstrap");
        let served = street.build(false).0.unwrap();
        assert_eq!(served[0].program, street.0.join(".lunch/build/Tea/bootstrap"), "{method}");
    }
}

#[test]
fn a_program_that_this_machine_cannot_run_is_told_before_it_is_started() {
    let street = Street::new("foreign", &[("tea/bootstrap", "")], &function("Tea", "tea", ""));
    let write = |bytes: &[u8]| {
        fs::write(street.0.join("tea/bootstrap"), bytes).unwrap();
        street.allow("tea/bootstrap");
        street.error()
    };
    let ours = program::this_machine();
    let (other, name) = if ours == "arm64" { (62, "x86_64") } else { (183, "arm64") };
    let head = [b"\x7fELF\x02\x01\x01", &[0; 11][..], &[other, 0]].concat();
    assert_eq!(
        write(&head),
        format!(
            "function `Tea`: `ROOT/tea/bootstrap` is for `{name}`, and this machine is `{ours}`\n(build it for this machine, as `lunch up` does of a `Cargo.toml`)"
        )
    );
    assert_eq!(
        write(b"MZ"),
        format!(
            "function `Tea`: `ROOT/tea/bootstrap` cannot be run: it is a program of Windows\n(a `bootstrap` is a program of Linux for `{ours}`, or a script)"
        )
    );
}

#[test]
fn code_that_is_neither_built_nor_to_be_run_is_told_with_what_to_do() {
    let street = Street::new("mode", &[("tea/bootstrap", "")], &function("Tea", "tea", ""));
    assert_eq!(
        street.error(),
        "function `Tea`: `ROOT/tea/bootstrap` is not executable\n(chmod +x ROOT/tea/bootstrap)"
    );
    let street = Street::new("empty", &[("tea/notes", "")], &function("Tea", "tea", ""));
    assert_eq!(
        street.error(),
        "function `Tea`: `ROOT/tea` has neither a `Cargo.toml` nor a `bootstrap`\n(correct its `CodeUri`)"
    );
    let street = Street::new("manifest", &[("tea/Cargo.toml", "[")], &function("Tea", "tea", ""));
    assert!(street.error().starts_with("`cargo metadata` failed: exit status: 101\nerror: "));
}

#[test]
fn a_crate_beside_a_bootstrap_is_built_unless_somebody_else_builds() {
    let manifest = manifest("tea");
    let files = [
        ("tea/Cargo.toml", &*manifest),
        ("tea/src/main.rs", "fn main() {}"),
        ("tea/bootstrap", "#!/bin/sh\n"),
    ];
    let street = Street::new("both", &files, &function("Tea", "tea", ""));
    street.allow("tea/bootstrap");
    let (served, told) = street.build(false);
    assert_eq!(served.unwrap()[0].program, street.0.join(".lunch/build/Tea/bootstrap"));
    assert_eq!(
        said(&told),
        "function `Tea`: built from its `Cargo.toml`; the `bootstrap` beside it is not used"
    );
    for method in ["SkipBuild: yes", "BuildMethod: makefile"] {
        let street = Street::new(
            "skip",
            &files,
            &function("Tea", "tea", &format!(", Metadata: {{{method}}}")),
        );
        street.allow("tea/bootstrap");
        let program = &street.build(false).0.unwrap()[0].program;
        assert_eq!(*program, street.0.join(".lunch/build/Tea/bootstrap"));
    }
    let street = Street::new(
        "unbuilt",
        &files[..2],
        &function("Tea", "tea", ", Metadata: {SkipBuild: true}"),
    );
    assert!(street.error().starts_with("function `Tea`: no `bootstrap` stands in `ROOT/tea`\n"));
}

#[test]
fn the_total_is_what_the_programs_need_and_nothing_else() {
    let depends = |on: &[&str]| {
        on.iter().map(|name| format!("{name} = {{ path = \"../{name}\" }}\n")).collect::<String>()
    };
    let package = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
    };
    let tea = format!(
        "{}[dependencies]\n{}sugar = {{ path = \"../sugar\", optional = true }}\n[dev-dependencies]\n{}",
        package("tea"),
        depends(&["leaf", "water"]),
        depends(&["spoon"])
    );
    let leaf = format!("{}[dependencies]\n{}", package("leaf"), depends(&["water"]));
    let water = format!("{}[dependencies]\n{}", package("water"), depends(&["well"]));
    let libraries = [("water", water), ("leaf", leaf), ("well", package("well"))];
    let unneeded = [("spoon", package("spoon")), ("sugar", package("sugar"))];
    let files = [
        ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n"),
        ("tea/Cargo.toml", &tea),
        ("tea/src/main.rs", "fn main() {}"),
    ];
    let street = Street::new("total", &files, &function("Tea", "tea", ""));
    for (name, manifest) in libraries.iter().chain(&unneeded) {
        street.write(&format!("{name}/Cargo.toml"), manifest);
        street.write(&format!("{name}/src/lib.rs"), "");
    }
    let (served, told) = street.build(false);
    served.unwrap();
    let counts = told.iter().filter_map(|progress| match progress {
        Progress::Compiling { done, total, .. } => Some((*done, *total)),
        Progress::Said(_) | Progress::Built { .. } => None,
    });
    assert_eq!(counts.collect::<Vec<_>>(), (1..=4).map(|done| (done, Some(4))).collect::<Vec<_>>());
}

/// A task definition of two containers, beside a crate with a program that is named as the first one.
fn shop(name: &str) -> Street {
    let files = [
        ("Cargo.toml", "[workspace]\nmembers = [\"grill\"]\nresolver = \"3\"\n"),
        ("grill/Cargo.toml", "[package]\nname = \"grill\"\nedition = \"2024\"\n"),
        ("grill/src/main.rs", "fn main() {}"),
    ];
    let resources = "  Kitchen: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: grill, Image: g, Memory: 64}, {Name: radio, Image: r, Memory: 64, Essential: false}]}}\n";
    Street::new(name, &files, resources)
}

#[test]
fn the_binary_that_is_named_as_a_container_is_built_for_it() {
    let street = shop("container");
    let template = street.template();
    let options =
        |no_build| BuildOptions { no_build, offline: true, again: false, functions_only: false };
    let early = build(&template, &options(true), &mut drop).unwrap();
    assert!(early.containers.is_empty(), "nothing was built before");
    let built = build(&template, &options(false), &mut drop).unwrap();
    let program = built.containers.of("Kitchen", "grill").unwrap();
    assert_eq!(program, street.0.join(".lunch/build/Kitchen.grill/grill"));
    assert!(std::process::Command::new(program).status().unwrap().success());
    assert_eq!(built.containers.of("Kitchen", "radio"), None, "there is no such program");
    let again = build(&template, &options(true), &mut drop).unwrap();
    assert_eq!(again.containers, built.containers);
    assert_eq!(container_programs(&template).unwrap(), built.containers);
    let source = street.0.join("grill/src/main.rs");
    assert!(Sources::of(&template).contains(&source), "a change of it is seen");
}

#[test]
fn two_crates_with_a_containers_program_are_told_apart_by_a_command() {
    let street = shop("twins");
    let second = "[package]\nname = \"other\"\nedition = \"2024\"\n[[bin]]\nname = \"grill\"\npath = \"main.rs\"\n";
    street.write("other/Cargo.toml", second);
    street.write("other/main.rs", "fn main() {}");
    street.write("Cargo.toml", "[workspace]\nmembers = [\"grill\", \"other\"]\nresolver = \"3\"\n");
    let error = container_programs(&street.template()).unwrap_err().to_string();
    assert!(
        error.starts_with("container `grill`: several crates have a program of this name"),
        "{error}"
    );
    assert!(error.contains("Metadata.Lunch.Containers.grill"), "{error}");
}
