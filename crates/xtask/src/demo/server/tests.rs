use std::os::unix::fs::PermissionsExt;

use super::*;

/// A stand-in for `usher`: a script that finds its ready file in `$9`.
fn stand_in(name: &str, script: &str) -> (PathBuf, PathBuf) {
    let scratch = std::env::temp_dir().join(format!("usher-xtask-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    let program = scratch.join("usher");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    (scratch, program)
}

fn start(scratch: &Path, program: &Path) -> Result<Server> {
    Server::start(program, Path::new("app"), "127.0.0.1:0", scratch, &Ready::for_tests())
}

const READY: &str = r#"echo '{"url":"http://there"}' > "$9""#;

#[test]
fn usher_is_told_to_stop_and_its_data_goes_with_it() {
    let (scratch, program) = stand_in(
        "stop",
        &format!("trap 'echo told > \"$(dirname \"$0\")/told\"; exit 0' TERM\n{READY}\nwhile :; do sleep 0.05; done"),
    );
    let server = start(&scratch, &program).unwrap();
    assert_eq!(server.url, "http://there");
    let home = scratch.join(std::process::id().to_string());
    assert!(home.is_dir());
    drop(server);
    assert!(scratch.join("told").exists(), "the program was told before it ended");
    assert!(!home.exists(), "its data is gone");
    std::fs::remove_dir_all(scratch).unwrap();
}

#[test]
fn usher_ends_when_nobody_holds_the_leash() {
    let (scratch, program) = stand_in("leash", &format!("{READY}\nexec sleep 600"));
    let mut server = start(&scratch, &program).unwrap();
    // What the kernel does when the demo is killed.
    server.leash = None;
    assert!(!server.keeper.wait().unwrap().success(), "the keeper passes on how the program ended");
    std::fs::remove_dir_all(scratch).unwrap();
}

#[test]
fn a_start_that_fails_says_what_usher_said() {
    let (scratch, program) = stand_in("fail", "echo 'the port is taken' >&2; exit 3");
    let Err(error) = start(&scratch, &program) else { panic!("it did not start") };
    assert!(error.to_string().contains("the port is taken"), "{error}");
    std::fs::remove_dir_all(scratch).unwrap();
}
