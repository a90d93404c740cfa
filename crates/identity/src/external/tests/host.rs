//! A host on the loopback interface that answers as it was told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Status and body.
type Answers = Vec<(u16, String)>;

#[derive(Clone)]
pub(super) struct Host {
    pub(super) url: String,
    answers: Arc<Mutex<HashMap<String, Answers>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let host = Self { url, answers: Arc::default(), asked: Arc::default() };
        let serving = host.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        host
    }

    /// What it answers at a path; of several answers the last one stays.
    pub(super) fn answer(&self, path: &str, answers: &[(u16, &Value)]) {
        let answers: Vec<_> = answers.iter().rev().map(|(status, body)| (*status, body.to_string())).collect();
        self.answers.lock().unwrap().insert(path.to_owned(), answers);
    }

    pub(super) fn answer_text(&self, path: &str, text: &str) {
        self.answers.lock().unwrap().insert(path.to_owned(), vec![(200, text.to_owned())]);
    }

    /// What it was asked: path and query, and the body.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut request = Vec::new();
        let (head, length) = loop {
            if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                return;
            }
            let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                break (head.len() + 4, length.unwrap_or(0));
            }
        };
        while request.len() < head + length {
            if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let target = text.split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked.lock().unwrap().push(format!("{target} {}", &text[head..]));
        let path = target.split('?').next().unwrap_or_default();
        let (status, body) = match self.answers.lock().unwrap().get_mut(path) {
            Some(answers) if answers.len() > 1 => answers.pop().unwrap(),
            Some(answers) => answers[0].clone(),
            None => (404, "nothing is here".to_owned()),
        };
        let more = if status == 302 { format!("Location: {}/elsewhere\r\n", self.url) } else { String::new() };
        let head = format!("HTTP/1.1 {status} X\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        // The client may have hung up on a body that is too large.
        let _ = stream.write_all((head + &body).as_bytes()).await;
    }
}
