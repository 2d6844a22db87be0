//! What is left of a file without the code for tests.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The tokens without everything that is marked `#[cfg(test)]`, and the names of the modules that are declared in it.
pub(super) fn without_tests(tokens: TokenStream) -> (TokenStream, Vec<String>) {
    let (mut product, mut modules) = (Vec::new(), Vec::new());
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = tokens.as_slice();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        if let (true, Some((mark, marked))) = (is(first, '#'), more.split_first())
            && is_test_mark(mark)
        {
            remove_attributes(&mut product);
            let (item, after) = marked.split_at(item_end(marked));
            modules.extend(declared_module(item));
            rest = after;
        } else if let TokenTree::Group(group) = first {
            let (inner, declared) = without_tests(group.stream());
            modules.extend(declared);
            let mut kept = Group::new(group.delimiter(), inner);
            kept.set_span(group.span());
            product.push(kept.into());
        } else {
            product.push(first.clone());
        }
    }
    (product.into_iter().collect(), modules)
}

/// Removes the attributes at the end, doc comments included: they belong to what comes next.
fn remove_attributes(tokens: &mut Vec<TokenTree>) {
    let is_list =
        |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
    while let [.., sign, list] = tokens.as_slice()
        && is(sign, '#')
        && is_list(list)
    {
        tokens.truncate(tokens.len() - 2);
    }
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_test_mark(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.to_string().replace(' ', "") == "[cfg(test)]")
}

/// Where the item at the beginning ends: behind its semicolon, its comma (a field) or its block.
fn item_end(tokens: &[TokenTree]) -> usize {
    let mut angles = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        let follows = |sign| at.checked_sub(1).is_some_and(|before| is(&tokens[before], sign));
        match token {
            TokenTree::Punct(punct) => match punct.as_char() {
                '<' => angles += 1,
                '>' if !follows('-') && !follows('=') => angles = angles.saturating_sub(1),
                ';' => return at + 1,
                ',' if angles == 0 => return at + 1,
                _ => {}
            },
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let semicolon = tokens.get(at + 1).is_some_and(|next| is(next, ';'));
                return at + 1 + usize::from(semicolon);
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The name behind `mod`.
fn declared_module(item: &[TokenTree]) -> Option<String> {
    let is_mod = |token: &TokenTree| matches!(token, TokenTree::Ident(ident) if ident == "mod");
    let at = item.iter().position(is_mod)?;
    item.get(at + 1).map(ToString::to_string)
}
