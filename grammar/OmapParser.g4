// The statements of omap, one entry rule for each kind. Blocks nest outside the grammar: a statement that ends in
// BRACE_OPEN opens one, and `}` or `} else {` closes it (README.md).
parser grammar OmapParser;

options { tokenVocab = OmapLexer; }

// ---- declarations

versionStatement: OMAP INT EOF;
useStatement: USE STD? STRING EOF;
sideStatement: SIDE name COLON name (ROOT STRING)? EOF;
mappingStatement: MAPPING name COLON name BOTH name (EXTENDS name)? BRACE_OPEN EOF;
paramStatement: OVERRIDE? PARAM name (BRACKET_OPEN name BRACKET_CLOSE)? COLON type (ASSIGN expr)? EOF;
indexStatement: INDEX name IN (nameSet | expr) condition? EOF;
requireStatement: REQUIRE expr STRING? EOF;
noteStatement: NOTE name STRING condition? EOF;
configStatement: CONFIG STRING? BRACE_OPEN EOF;
stateStatement: STATE name BRACE_OPEN EOF;
whenStatement: WHEN expr BRACE_OPEN EOF;

type: name | BRACKET_OPEN name BRACKET_CLOSE;
nameSet: BRACE_OPEN word (COMMA word)* COMMA? BRACE_CLOSE;
condition: WHEN expr;

// ---- rules

// With BRACE_OPEN it is a prefix block: one key on each side, nothing else.
ruleStatement: (OVERRIDE | OPTIONAL)* terms arrow terms condition? BRACE_OPEN? EOF;
tieStatement: TIE sideKey ASSIGN sideKey condition? EOF;
ignoreStatement: IGNORE sideKey condition? EOF;
sameStatement: SAME key condition? EOF;
removeStatement: REMOVE sideKey EOF;
restrictStatement: RESTRICT sideKey condition EOF;

arrow: BOTH | RIGHT | LEFT;
terms: term (COMMA term)*;
term: FILL signedNumber (AS word)? | key shape? (valueOp | AS word)*;
valueOp: (PLUS | MINUS | STAR | SLASH) (signedNumber | key shape?);
signedNumber: (MINUS GLUE?)? (INT | FLOAT);

// ---- lines of a config section

configLine:
    OVERRIDE? path arrow path condition? EOF
  | OVERRIDE? path ASSIGN expr condition? EOF
  | (REMOVE | IGNORE) path EOF;
path: pathHead pathStep*;
pathHead: word | STRING;
pathStep: DOT (word | STRING) | BRACKET_OPEN expr BRACKET_CLOSE;

// ---- keys

sideKey: name COLON key;
key: STRING | keyPart ((GLUE | DOT) keyPart)*;
keyPart: word | INT | FLOAT | MINUS | STAR | STARS | placeholder;
placeholder: BRACE_OPEN (expr | alternatives) BRACE_CLOSE;
alternatives: alternative (BAR alternative)+;
alternative: (word | INT | FLOAT | MINUS | DOT | GLUE)+;

// The inside of the braces of a quoted key, which the lexer sees as a string.
placeholderText: (expr | alternatives) EOF;

// ---- shapes

shape: BRACKET_OPEN axis* BRACKET_CLOSE;
axis:
    word (ASSIGN (INT | word) | SLASH INT)?
  | INT
  | ELLIPSIS
  | PAREN_OPEN product (PLUS product)* PAREN_CLOSE;
product: axis+;

// ---- expressions, tightest first

expr:
    primary                                                                   # primaryExpr
  | expr DOT (word | STRING)                                                  # memberExpr
  | expr BRACKET_OPEN expr BRACKET_CLOSE                                      # itemExpr
  | MINUS GLUE? expr                                                          # negateExpr
  | expr (STAR | SLASH | PERCENT) expr                                        # binaryExpr
  | expr (PLUS | MINUS) expr                                                  # binaryExpr
  | expr RANGE expr                                                           # binaryExpr
  | expr (EQUAL | NOT_EQUAL | LESS | LESS_EQUAL | GREATER | GREATER_EQUAL | IN | NOT IN) expr # binaryExpr
  | NOT expr                                                                  # notExpr
  | expr AND expr                                                             # binaryExpr
  | expr OR expr                                                              # binaryExpr
  | IF expr THEN expr ELSE expr                                               # ifExpr
  | expr COALESCE expr                                                        # binaryExpr
  ;
primary:
    INT
  | FLOAT
  | STRING
  | TRUE
  | FALSE
  | NULL_
  | name PAREN_OPEN (argument (COMMA argument)*)? PAREN_CLOSE
  | name
  | PAREN_OPEN expr PAREN_CLOSE
  | BRACKET_OPEN (expr (COMMA expr)* COMMA?)? BRACKET_CLOSE;
argument: sideKey | expr;

// ---- names: what reads as a word elsewhere may still name something

name: NAME | OMAP | USE | STD | SIDE | ROOT | MAPPING | EXTENDS | PARAM | INDEX | REQUIRE | NOTE | TIE | OPTIONAL
    | IGNORE | SAME | OVERRIDE | RESTRICT | REMOVE | STATE | CONFIG | FILL;
word: name | AS | WHEN | IF | THEN | ELSE | AND | OR | NOT | IN | TRUE | FALSE | NULL_;
