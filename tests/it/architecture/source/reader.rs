//! One file: what it imports, declares, implements and names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, ExprPath, Ident, ImplItemFn, Item, ItemFn, ItemImpl, ItemMod, ItemUse, Lit, UseTree};

/// A path: its parts, with `crate` in front if it counts from the crate's root.
type Path = Vec<String>;

/// A file of the product.
#[derive(Default)]
pub(crate) struct File {
    /// Below the source folder.
    pub(crate) path: PathBuf,
    /// `entra::caller::claims`, in parts.
    pub(crate) module: Path,
    /// What it names, in the order of the text.
    pub(crate) names: Vec<Name>,
    /// The traits that it implements, each with the type.
    pub(crate) implementations: Vec<(Path, Path)>,
    /// Its functions, with those of `impl` blocks.
    pub(crate) functions: Vec<Function>,
    /// The routes of a router: the path, and what its handler names.
    pub(crate) routes: Vec<(String, Vec<Path>)>,
    pub(super) imports: BTreeMap<String, Path>,
    pub(super) items: BTreeSet<String>,
    inline_modules: Path,
    inside: Vec<Function>,
}

/// A path that a file names.
pub(crate) struct Name {
    pub(crate) line: usize,
    pub(crate) path: Path,
    pub(crate) purpose: Purpose,
}

/// Why a file names something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To use it.
    Use,
    /// To hand it on: `pub use`.
    Reexport,
}

/// A function, and what its body names.
#[derive(Default)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Every path that is called, or passed as a value.
    pub(crate) values: Vec<Path>,
    /// Every method that is called.
    pub(crate) methods: BTreeSet<String>,
}

impl File {
    pub(super) fn read(path: PathBuf, module: Path, parsed: &syn::File) -> Self {
        let mut file = Self { path, module, ..Self::default() };
        file.visit_file(parsed);
        file
    }

    /// A path as it is written, from the crate's root where it says so.
    fn rooted(&self, written: Path) -> Path {
        let mut path: Path = ["crate".to_owned()].into_iter().chain(self.module.clone()).collect();
        path.extend(self.inline_modules.iter().cloned());
        let mut is_relative = false;
        let mut parts = written.iter().peekable();
        while let Some(part) = parts.peek() {
            match part.as_str() {
                "crate" | "guestlist" | "guestlist_emulator" => path.truncate(1),
                "self" => {}
                "super" => drop(path.pop()),
                _ => break,
            }
            is_relative = true;
            parts.next();
        }
        if is_relative { path.into_iter().chain(parts.cloned()).collect() } else { written }
    }

    fn name(&mut self, first: &Ident, written: Path, purpose: Purpose) {
        let path = self.rooted(written);
        self.names.push(Name { line: first.span().start().line, path, purpose });
    }

    fn import(&mut self, tree: &UseTree, before: &[String], purpose: Purpose) {
        let with = |ident: &Ident| [before, &[ident.to_string()]].concat();
        let (ident, path, alias) = match tree {
            UseTree::Path(path) => return self.import(&path.tree, &with(&path.ident), purpose),
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.import(tree, before, purpose)),
            UseTree::Name(name) if name.ident == "self" => (&name.ident, before.to_vec(), before.last().cloned()),
            UseTree::Name(name) => (&name.ident, with(&name.ident), Some(name.ident.to_string())),
            UseTree::Rename(name) => (&name.ident, with(&name.ident), Some(name.rename.to_string())),
            UseTree::Glob(_) => return,
        };
        self.imports.extend(alias.map(|alias| (alias, self.rooted(path.clone()))));
        self.name(ident, path, purpose);
    }

    /// The paths in the tokens of a macro, each of which may be called.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<Ident> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            if let TokenTree::Ident(ident) = &token {
                if colons != 2 {
                    self.end_of_path(&mut path);
                }
                path.push(ident.clone());
                colons = 0;
                continue;
            }
            if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':') {
                colons += 1;
                continue;
            }
            self.end_of_path(&mut path);
            colons = 0;
            if let TokenTree::Group(group) = token {
                self.tokens(group.stream());
            }
        }
        self.end_of_path(&mut path);
    }

    fn end_of_path(&mut self, path: &mut Vec<Ident>) {
        let Some(first) = path.first().cloned() else { return };
        let written: Path = path.drain(..).map(|part| part.to_string()).collect();
        self.value(written.clone());
        self.name(&first, written, Purpose::Use);
    }

    /// Notes that the function at hand calls a path, or passes it on.
    fn value(&mut self, written: Path) {
        let path = self.rooted(written);
        if let Some(function) = self.inside.last_mut() {
            function.values.push(path);
        }
    }

    fn function(&mut self, name: &Ident, body: impl FnOnce(&mut Self)) {
        self.inside.push(Function { name: name.to_string(), ..Function::default() });
        body(self);
        self.functions.extend(self.inside.pop());
    }
}

impl<'f> Visit<'f> for File {
    fn visit_attribute(&mut self, _: &'f syn::Attribute) {}

    fn visit_visibility(&mut self, _: &'f syn::Visibility) {}

    fn visit_item(&mut self, item: &'f Item) {
        let name = match item {
            Item::Const(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            Item::Fn(item) => Some(&item.sig.ident),
            Item::Macro(item) => item.ident.as_ref(),
            Item::Mod(item) => item.content.as_ref().map(|_| &item.ident),
            Item::Static(item) => Some(&item.ident),
            Item::Struct(item) => Some(&item.ident),
            Item::Trait(item) => Some(&item.ident),
            Item::Type(item) => Some(&item.ident),
            _ => None,
        };
        self.items.extend(name.map(ToString::to_string));
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'f ItemUse) {
        let is_private = matches!(item.vis, syn::Visibility::Inherited);
        self.import(&item.tree, &[], if is_private { Purpose::Use } else { Purpose::Reexport });
    }

    fn visit_item_mod(&mut self, item: &'f ItemMod) {
        self.inline_modules.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.inline_modules.pop();
    }

    fn visit_item_impl(&mut self, item: &'f ItemImpl) {
        if let (Some((seam, _)), syn::Type::Path(adapter)) = (&item.trait_, &*item.self_ty) {
            let pair = (self.rooted(parts(seam)), self.rooted(parts(&adapter.path)));
            self.implementations.push(pair);
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_item_fn(&mut self, item: &'f ItemFn) {
        self.function(&item.sig.ident, |file| visit::visit_item_fn(file, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'f ImplItemFn) {
        self.function(&item.sig.ident, |file| visit::visit_impl_item_fn(file, item));
    }

    fn visit_expr_path(&mut self, path: &'f ExprPath) {
        self.value(parts(&path.path));
        visit::visit_expr_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'f ExprMethodCall) {
        if let Some(function) = self.inside.last_mut() {
            function.methods.insert(call.method.to_string());
        }
        let mut arguments = call.args.iter();
        if let ("route", Some(Expr::Lit(path)), Some(handler)) =
            (call.method.to_string().as_str(), arguments.next(), arguments.next())
            && let Lit::Str(path) = &path.lit
        {
            let mut handlers = Handlers::default();
            handlers.visit_expr(handler);
            let handlers = handlers.0.into_iter().map(|handler| self.rooted(handler)).collect();
            self.routes.push((path.value(), handlers));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_path(&mut self, path: &'f syn::Path) {
        if let Some(first) = path.segments.first() {
            self.name(&first.ident, parts(path), Purpose::Use);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'f syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

/// Every path of an expression.
#[derive(Default)]
struct Handlers(Vec<Path>);

impl<'f> Visit<'f> for Handlers {
    fn visit_expr_path(&mut self, path: &'f ExprPath) {
        self.0.push(parts(&path.path));
    }
}

fn parts(path: &syn::Path) -> Path {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}
