//! A mail server that takes what it is told to, and keeps it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use usher_identity::Mailer;

#[derive(Clone)]
pub(crate) struct MailServer {
    address: SocketAddr,
    letters: Arc<Mutex<VecDeque<Letter>>>,
    /// Refuse every recipient.
    pub(crate) closed: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Letter {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Headers and text, with soft line breaks undone.
    pub(crate) text: String,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, letters: Arc::default(), closed: Arc::default() };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().talk(stream));
            }
        });
        server
    }

    pub(crate) fn mailer(&self) -> Mailer {
        Mailer::smtp(&format!("smtp://{}", self.address), "Shop <shop@example.org>").unwrap()
    }

    /// The oldest letter that was not taken yet. An answer to the client comes after the letter.
    pub(crate) fn take(&self) -> Option<Letter> {
        self.letters.lock().unwrap().pop_front()
    }

    async fn talk(self, stream: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut letter = Letter::default();
        write.write_all(b"220 test\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer: &[u8] = match word.as_str() {
                "EHLO" => b"250 test\r\n",
                "MAIL" => {
                    letter = Letter { from: address(&line), ..Letter::default() };
                    b"250 ok\r\n"
                }
                "RCPT" if self.closed.load(Ordering::Relaxed) => b"550 nobody here\r\n",
                "RCPT" => {
                    letter.to = address(&line);
                    b"250 ok\r\n"
                }
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await?;
                    while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                        match line.strip_suffix('=') {
                            Some(soft) => letter.text += soft,
                            None => letter.text += &(line + "\n"),
                        }
                    }
                    letter.text = letter.text.replace("=3D", "=");
                    self.letters.lock().unwrap().push_back(letter.clone());
                    b"250 taken\r\n"
                }
                "QUIT" => {
                    write.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => b"250 ok\r\n",
            };
            write.write_all(answer).await?;
        }
        Ok(())
    }
}

impl Letter {
    /// The values of `token` and `tokenId` in the letter's link.
    pub(crate) fn token(&self) -> (String, String) {
        let of = |name: &str| {
            let (_, rest) = self.text.split_once(name).unwrap_or_else(|| panic!("no {name} in {}", self.text));
            rest.chars().take_while(char::is_ascii_alphanumeric).collect()
        };
        (of("token="), of("tokenId="))
    }
}

fn address(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap();
    rest.split_once('>').unwrap().0.to_owned()
}
