//! Whether a file is a program that this machine runs, by its first bytes.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// `e_machine` of an ELF header, and what AWS and others call it. Source: elf(5), the ELF specification's registry.
const MACHINES: [(u16, &str); 6] =
    [(3, "x86"), (8, "mips"), (40, "arm"), (62, "x86_64"), (183, "arm64"), (243, "riscv64")];

/// What a file is to the kernel.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// This machine runs it, or it is a script, whose interpreter decides.
    Ours,
    /// It is for this other machine.
    Foreign(String),
    /// It is no program of Linux; what it seems to be.
    Nothing(&'static str),
}

/// This machine's name, as AWS has it.
pub(super) fn this_machine() -> String {
    std::env::consts::ARCH.replace("aarch64", "arm64")
}

/// What a file is; one that cannot be read is for the kernel to judge.
pub(super) fn kind(program: &Path) -> Kind {
    let mut head = Vec::new();
    match File::open(program).and_then(|file| file.take(20).read_to_end(&mut head)) {
        Ok(_) => of(&head),
        Err(_) => Kind::Ours,
    }
}

/// What a file with these first bytes is.
pub(super) fn of(head: &[u8]) -> Kind {
    match head {
        [b'#', b'!', ..] => Kind::Ours,
        [0x7f, b'E', b'L', b'F', _, order, ..] if head.len() >= 20 => {
            let machine = [head[18], head[19]];
            let machine =
                if *order == 2 { u16::from_be_bytes(machine) } else { u16::from_le_bytes(machine) };
            let name = MACHINES.iter().find(|(number, _)| *number == machine);
            let name = name
                .map_or_else(|| format!("ELF machine {machine}"), |(_, name)| (*name).to_owned());
            if name == this_machine() { Kind::Ours } else { Kind::Foreign(name) }
        }
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => {
            Kind::Nothing("a program of macOS")
        }
        [b'M', b'Z', ..] => Kind::Nothing("a program of Windows"),
        [] => Kind::Nothing("empty"),
        _ => Kind::Nothing("neither a program of Linux nor a script with `#!`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(order: u8, machine: [u8; 2]) -> Vec<u8> {
        let mut head = vec![0x7f, b'E', b'L', b'F', 2, order, 1];
        head.resize(18, 0);
        head.extend(machine);
        head
    }

    #[test]
    fn a_program_of_another_machine_is_told_by_its_name() {
        let (ours, other, name) =
            if this_machine() == "arm64" { (183, 62, "x86_64") } else { (62, 183, "arm64") };
        assert_eq!(of(&elf(1, [ours, 0])), Kind::Ours);
        assert_eq!(of(&elf(1, [other, 0])), Kind::Foreign(name.to_owned()));
        assert_eq!(of(&elf(2, [0, 8])), Kind::Foreign("mips".to_owned()));
        assert_eq!(of(&elf(1, [1, 2])), Kind::Foreign("ELF machine 513".to_owned()));
    }

    #[test]
    fn what_no_linux_runs_is_told_from_a_script() {
        assert_eq!(of(b"#!/bin/sh"), Kind::Ours);
        assert_eq!(of(b""), Kind::Nothing("empty"));
        assert_eq!(of(&[0xcf, 0xfa, 0xed, 0xfe, 0]), Kind::Nothing("a program of macOS"));
        assert_eq!(of(b"MZ"), Kind::Nothing("a program of Windows"));
        for head in [&b"\x7fELF"[..], b"print()"] {
            assert!(matches!(of(head), Kind::Nothing(why) if why.starts_with("neither")));
        }
    }

    #[test]
    fn the_program_that_runs_this_is_ours() {
        assert_eq!(kind(Path::new("/proc/self/exe")), Kind::Ours);
    }
}
