//! Paths that cannot come to an end: what stands behind a `return`, loops without a way out.

use rhai::{ASTFlags, Expr, FlowControl, Position, Stmt, StmtBlock};

use crate::problem::Problem;

/// The problems of the statements of the script, or of one of its functions.
pub(super) fn problems(statements: &[Stmt]) -> Vec<Problem> {
    let mut flow = Flow::default();
    flow.statements(statements);
    flow.problems
}

/// What a path ends with, and where.
#[derive(Clone, Copy)]
struct End {
    word: &'static str,
    position: Position,
}

#[derive(Default)]
struct Flow {
    problems: Vec<Problem>,
    /// The loops around the statement, the innermost last.
    loops: Vec<Loop>,
}

/// How a loop can be left.
#[derive(Default)]
struct Loop {
    has_break: bool,
    has_continue: bool,
    /// A `return` or `throw`.
    has_end: bool,
}

impl Flow {
    fn block(&mut self, block: &StmtBlock) -> Option<End> {
        self.statements(block.statements())
    }

    /// The end of the path through them, `None` when it goes on.
    fn statements(&mut self, statements: &[Stmt]) -> Option<End> {
        let mut end: Option<End> = None;
        for statement in statements {
            if matches!(statement, Stmt::Noop(_) | Stmt::Share(_)) {
                continue;
            }
            if let Some(End { word, position }) = end {
                let line = position.line().unwrap_or(0);
                let cause = format!("never reached: the `{word}` on line {line} ends this path");
                self.problems
                    .push(Problem::new(statement.position(), cause));
                return end;
            }
            end = self.statement(statement);
        }
        end
    }

    fn statement(&mut self, statement: &Stmt) -> Option<End> {
        match statement {
            Stmt::Return(value, flags, position) => {
                if let Some(value) = value {
                    self.expression(value);
                }
                Some(self.leave(*flags, *position))
            }
            Stmt::BreakLoop(_, flags, position) => Some(self.break_loop(*flags, *position)),
            Stmt::If(flow, _) => both(self.block(&flow.body), self.block(&flow.branch)),
            Stmt::TryCatch(flow, _) => both(self.block(&flow.body), self.block(&flow.branch)),
            Stmt::Switch(switch, _) => {
                let cases = &switch.1;
                let ends: Vec<Option<End>> = cases
                    .expressions
                    .iter()
                    .map(|case| self.expression(&case.rhs))
                    .collect();
                cases.def_case?;
                ends.into_iter().reduce(both).flatten()
            }
            Stmt::While(flow, position) => {
                let is_loop = matches!(flow.expr, Expr::Unit(_));
                let word = if is_loop { "loop" } else { "while" };
                let is_endless = is_loop || matches!(flow.expr, Expr::BoolConstant(true, _));
                let (around, _) = self.looped(flow);
                is_endless
                    .then(|| self.endless(&around, word, *position))
                    .flatten()
            }
            Stmt::Do(flow, flags, position) => {
                let again = !flags.contains(ASTFlags::NEGATED);
                let is_endless =
                    matches!(flow.expr, Expr::BoolConstant(value, _) if value == again);
                let (around, end) = self.looped(flow);
                if is_endless {
                    return self.endless(&around, "do", *position);
                }
                end.filter(|_| !around.has_break && !around.has_continue)
            }
            Stmt::For(each, _) => {
                self.looped(&each.2);
                None
            }
            Stmt::Block(block) => self.block(block),
            Stmt::Var(variable, _, _) => self.expression(&variable.1),
            Stmt::Assignment(assignment) => self.expression(&assignment.1.rhs),
            Stmt::Expr(expression) => self.expression(expression),
            // The path goes on behind everything else.
            _ => None,
        }
    }

    /// A block that is an expression, such as an `if` behind `let x =`.
    fn expression(&mut self, expression: &Expr) -> Option<End> {
        match expression {
            Expr::Stmt(block) => self.block(block),
            _ => None,
        }
    }

    fn leave(&mut self, flags: ASTFlags, position: Position) -> End {
        for around in &mut self.loops {
            around.has_end = true;
        }
        let is_throw = flags.contains(ASTFlags::BREAK);
        let word = if is_throw { "throw" } else { "return" };
        End { word, position }
    }

    fn break_loop(&mut self, flags: ASTFlags, position: Position) -> End {
        let is_break = flags.contains(ASTFlags::BREAK);
        if let Some(around) = self.loops.last_mut() {
            around.has_break |= is_break;
            around.has_continue |= !is_break;
        }
        let word = if is_break { "break" } else { "continue" };
        End { word, position }
    }

    fn looped(&mut self, flow: &FlowControl) -> (Loop, Option<End>) {
        self.loops.push(Loop::default());
        let end = self.block(&flow.body);
        let around = self.loops.pop().expect("it was pushed above");
        (around, end)
    }

    fn endless(&mut self, around: &Loop, word: &'static str, position: Position) -> Option<End> {
        if !around.has_break && !around.has_end {
            let cause = format!("this `{word}` never ends: it has no `break`, `return` or `throw`");
            self.problems.push(Problem::new(position, cause));
        }
        (!around.has_break).then_some(End { word, position })
    }
}

/// The end of two paths: one that goes on is enough.
fn both(left: Option<End>, right: Option<End>) -> Option<End> {
    left.and(right)
}
