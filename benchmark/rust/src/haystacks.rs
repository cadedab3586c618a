//! Haystacks and needles that are the same on every machine and in every run.

/// A small generator of random numbers (Marsaglia's xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..8 {
            random.next();
        }
        random
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

/// The content of a haystack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Random,
    Log,
    Json,
    Csv,
    Dna,
    Bits,
    Utf16,
    Source,
    Zeros,
    As,
    Period,
    Defects,
    Fibonacci,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Log => "log text",
            Self::Json => "JSON",
            Self::Csv => "CSV digits",
            Self::Dna => "DNA",
            Self::Bits => "two letters",
            Self::Utf16 => "UTF-16",
            Self::Source => "source text",
            Self::Zeros => "zeros",
            Self::As => "a^n",
            Self::Period => "period 13",
            Self::Defects => "period 13 with defects",
            Self::Fibonacci => "Fibonacci word",
        }
    }

    /// Whether other engines may need hours for it. Such haystacks are small.
    pub fn adversarial(self) -> bool {
        matches!(
            self,
            Self::As | Self::Period | Self::Defects | Self::Fibonacci
        )
    }

    pub fn make(self, len: usize) -> Vec<u8> {
        let mut random = Random::new(1 + self as u64);
        let mut out = Vec::with_capacity(len + 4096);
        match self {
            // 0xFF is left out, so that a scan for it finds nothing.
            Self::Random => {
                while out.len() < len {
                    out.extend(random.next().to_le_bytes().map(|byte| byte.min(0xFE)));
                }
            }
            Self::Dna => {
                while out.len() < len {
                    let mut bits = random.next();
                    for _ in 0..32 {
                        out.push(b"ACGT"[(bits & 3) as usize]);
                        bits >>= 2;
                    }
                }
            }
            Self::Bits => {
                while out.len() < len {
                    let bits = random.next();
                    out.extend((0..64).map(|i| b'0' + (bits >> i & 1) as u8));
                }
            }
            Self::Zeros => out.resize(len, 0),
            Self::As => out.resize(len, b'a'),
            Self::Period => out.extend(b"abcabdabcabea".iter().cycle().take(len)),
            Self::Defects => {
                out.extend(b"abcabdabcabea".iter().cycle().take(len));
                let mut at = 0;
                loop {
                    at += 100 + random.below(900);
                    if at >= len {
                        break;
                    }
                    out[at] = b"abcde"[random.below(5)];
                }
            }
            Self::Fibonacci => {
                let (mut a, mut b) = (b"a".to_vec(), b"ab".to_vec());
                while b.len() < len {
                    let next = [b.clone(), a].concat();
                    a = std::mem::replace(&mut b, next);
                }
                out = b;
            }
            Self::Log => {
                while out.len() < len {
                    let second = out.len() / 700;
                    let level = ["INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR"][random.below(6)];
                    out.extend(
                        format!(
                            "2026-03-{:02}T{:02}:{:02}:{:02}.{:03}Z {level} [worker-{}] ",
                            1 + second / 86_400 % 28,
                            second / 3_600 % 24,
                            second / 60 % 60,
                            second % 60,
                            random.below(1_000),
                            random.below(16),
                        )
                        .bytes(),
                    );
                    sentence(&mut random, &mut out);
                    out.extend(
                        format!(
                            " id={:08x} took {} ms\n",
                            random.next() as u32,
                            random.below(900)
                        )
                        .bytes(),
                    );
                }
            }
            Self::Source => {
                while out.len() < len {
                    let indent = 4 * random.below(4);
                    out.extend(std::iter::repeat_n(b' ', indent));
                    match random.below(4) {
                        0 => {
                            out.extend(b"// ");
                            sentence(&mut random, &mut out);
                        }
                        1 => {
                            out.extend(b"let ");
                            out.extend(word(&mut random).bytes());
                            out.extend(b" = ");
                            out.extend(word(&mut random).bytes());
                            out.extend(b"(&mut ");
                            out.extend(word(&mut random).bytes());
                            out.extend(b")?;");
                        }
                        2 => {
                            out.extend(b"if self.");
                            out.extend(word(&mut random).bytes());
                            out.extend(format!(" > {} {{", random.below(500)).bytes());
                        }
                        _ => out.extend(b"}"),
                    }
                    out.push(b'\n');
                }
            }
            Self::Json => {
                out.push(b'[');
                while out.len() < len {
                    out.extend(
                        format!(
                            "{{\"id\":{},\"name\":\"{} {}\",\"active\":{},\"score\":{}.{:02},\"tags\":[\"{}\",\"{}\"],\"parent\":null}},\n",
                            random.below(1_000_000),
                            word(&mut random),
                            word(&mut random),
                            random.below(2) == 0,
                            random.below(100),
                            random.below(100),
                            word(&mut random),
                            word(&mut random),
                        )
                        .bytes(),
                    );
                }
            }
            Self::Csv => {
                while out.len() < len {
                    for _ in 0..7 {
                        out.extend(
                            format!("{}.{:04},", random.below(10_000), random.below(10_000))
                                .bytes(),
                        );
                    }
                    out.extend(format!("{}\n", random.below(100_000)).bytes());
                }
            }
            Self::Utf16 => {
                let mut text = Vec::new();
                while out.len() < len {
                    text.clear();
                    sentence(&mut random, &mut text);
                    text.extend(b".\r\n");
                    for &byte in &text {
                        out.extend([byte, 0]);
                    }
                }
            }
        }
        out.truncate(len);
        out
    }
}

const WORDS: &str = "the of and to in a is that for it as was with be by on not he his but at are \
    this have from or had an they which one you were her all she there would their we him been has \
    when who will more no if out so said what up its about into than them can only other new some \
    could time these two may then do first any my now such like our over man me even most made \
    after also did many before must through back years where much your way well down should because \
    each just those people how too little state good very make world still own see men work long \
    get here between both life being under never day same another know while last might us great \
    old year off come since against go came right used take three request response connection \
    timeout server client handler buffer stream packet session cache database query index table \
    record transaction commit rollback retry failed succeeded started stopped accepted rejected \
    closed opened reading writing parsing loading user account address message thread process \
    memory kernel module device driver network interface protocol";

fn word(random: &mut Random) -> &'static str {
    thread_local! {
        static LIST: Vec<&'static str> = WORDS.split_whitespace().collect();
    }
    LIST.with(|list| {
        // The smaller of two random numbers: words are distributed about like that.
        let at = random.below(list.len()).min(random.below(list.len()));
        list[at]
    })
}

fn sentence(random: &mut Random, out: &mut Vec<u8>) {
    for i in 0..4 + random.below(12) {
        if i > 0 {
            out.push(b' ');
        }
        out.extend(word(random).bytes());
    }
}
