//! Functions that come in other ways than by cargo: from a zip, by a makefile, and from what stands there.

use lunch_tests::{Cloud, Folder, program};
use serde_json::{Value, json};

/// A zip of these files, stored as they are, each with its mode.
fn zip(files: &[(&str, u16, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, mode, content) in files {
        let length = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
        let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let size = length(content.len());
        let sizes = [crc32(content).to_le_bytes(), size, size].concat();
        let same = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0], &sizes[..], &name_length, &[0; 2]].concat();
        let place = length(archive.len());
        archive.extend([b"PK\x03\x04", &same[..], name.as_bytes(), content].concat());
        let attributes = (u32::from(*mode) << 16).to_le_bytes();
        let own = [&[0; 6][..], &attributes, &place].concat();
        directory.extend([b"PK\x01\x02\x14\x03", &same[..], &own, name.as_bytes()].concat());
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let length = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
    let places = [length(directory.len()), length(archive.len())].concat();
    [
        archive,
        directory,
        b"PK\x05\x06\0\0\0\0".to_vec(),
        [count, count].concat(),
        places,
        vec![0; 2],
    ]
    .concat()
}

/// The checksum of a zip's files: CRC-32 as in IEEE 802.3.
fn crc32(content: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    let table: Vec<u32> = (0..256).map(|byte| (0..8).fold(byte, step)).collect();
    !content
        .iter()
        .fold(!0, |crc, byte| (crc >> 8) ^ table[usize::from(crc.to_le_bytes()[0] ^ byte)])
}

const MAKEFILE: &str = "build-Made:\n\tcp ready/bootstrap ready/notes.txt $(ARTIFACTS_DIR)\n";

/// A project with a function of each kind.
fn project(folder: &Folder) {
    let scripted = std::fs::read(program("scripted")).unwrap();
    let notes = b"milk, no sugar";
    let zipped = zip(&[("bootstrap", 0o755, &scripted), ("notes.txt", 0o644, notes)]);
    folder.write("zipped.zip", zipped);
    folder.place("made/ready/bootstrap", &program("scripted"));
    folder.write("made/ready/notes.txt", notes);
    folder.write("made/Makefile", MAKEFILE);
    let function = |code: &str, metadata: Value| {
        json!({
            "Type": "AWS::Serverless::Function",
            "Metadata": metadata,
            "Properties": {"Runtime": "provided.al2023", "Handler": "bootstrap", "CodeUri": code},
        })
    };
    let template = json!({
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Zipped": function("zipped.zip", json!({})),
            "Made": function("made", json!({"BuildMethod": "makefile"})),
            "Ready": function("made/ready", json!({})),
        },
    });
    folder.write("template.yaml", format!("{template:#}\n"));
}

#[test]
fn functions_from_a_zip_a_makefile_and_a_folder_find_what_stands_beside_them() {
    let folder = Folder::make();
    project(&folder);
    let cloud = Cloud::builder().template(folder.path().join("template.yaml")).start();
    for function in ["Zipped", "Made", "Ready"] {
        let answer = cloud.invoke(function, json!({"do": [{"list": "."}]})).expect_ok().json();
        assert_eq!(answer["seen"]["list"]["."], json!(["bootstrap", "notes.txt"]), "{function}");
    }
}
