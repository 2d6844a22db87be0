//! The documents whose generated part is replaced.

use std::fs;
use std::path::Path;

use crate::Outcome;

const BEGIN: &str = "<!-- scripts/bench writes what follows -->\n";
const END: &str = "<!-- scripts/bench wrote what precedes -->\n";

/// Replaces the generated part of the document.
pub(crate) fn replace(document: &Path, report: &str) -> Outcome<()> {
    let text =
        replaced(&fs::read_to_string(document)?, report).ok_or("the document lacks the marks of its generated part")?;
    Ok(fs::write(document, text)?)
}

fn replaced(text: &str, report: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n\n{END}{after}", report.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays() {
        let text = format!("# Title\n\n{BEGIN}old{END}\nwords\n");
        let once = replaced(&text, "new\n").unwrap();
        assert_eq!(once, format!("# Title\n\n{BEGIN}\nnew\n\n{END}\nwords\n"));
        assert_eq!(replaced(&once, "new").unwrap(), once);
        assert_eq!(replaced("# Title\n", "new"), None);
    }

    #[test]
    fn both_documents_have_their_marks() {
        for document in [include_str!("../../../../docs/BENCHMARKS.md"), include_str!("../../../../README.md")] {
            assert!(replaced(document, "new").is_some());
        }
    }
}
