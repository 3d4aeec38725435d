// The words of omap. What they mean together: OmapParser.g4; how they become statements: README.md.
lexer grammar OmapLexer;

// Not matched here: put between two parts of a key that touch, so that `w_{part}` is one key and `w when` is not.
tokens { GLUE }

OMAP: 'omap';
USE: 'use';
STD: 'std';
SIDE: 'side';
ROOT: 'root';
MAPPING: 'mapping';
EXTENDS: 'extends';
PARAM: 'param';
INDEX: 'index';
REQUIRE: 'require';
NOTE: 'note';
WHEN: 'when';
TIE: 'tie';
OPTIONAL: 'optional';
IGNORE: 'ignore';
SAME: 'same';
OVERRIDE: 'override';
RESTRICT: 'restrict';
REMOVE: 'remove';
STATE: 'state';
CONFIG: 'config';
FILL: 'fill';
AS: 'as';

IF: 'if';
THEN: 'then';
ELSE: 'else';
AND: 'and';
OR: 'or';
NOT: 'not';
IN: 'in';
TRUE: 'true';
FALSE: 'false';
NULL_: 'null';

BOTH: '<->';
RIGHT: '->';
LEFT: '<-';

COALESCE: '??';
EQUAL: '==';
NOT_EQUAL: '!=';
LESS_EQUAL: '<=';
GREATER_EQUAL: '>=';
LESS: '<';
GREATER: '>';
PLUS: '+';
MINUS: '-';
STARS: '**';
STAR: '*';
SLASH: '/';
PERCENT: '%';
ASSIGN: '=';
ELLIPSIS: '...';
RANGE: '..';
DOT: '.';
COMMA: ',';
COLON: ':';
BAR: '|';

PAREN_OPEN: '(';
PAREN_CLOSE: ')';
BRACKET_OPEN: '[';
BRACKET_CLOSE: ']';
BRACE_OPEN: '{';
BRACE_CLOSE: '}';

FLOAT: [0-9]+ '.' [0-9]+ EXPONENT? | [0-9]+ EXPONENT;
INT: [0-9]+;
NAME: [A-Za-z_] [A-Za-z0-9_]*;
STRING: '"' (~["\\\r\n] | '\\' ~[\r\n])* '"';

DOC_COMMENT: '///' ~[\r\n]*;
COMMENT: '//' ~[\r\n]*;
NEWLINE: '\r'? '\n';
BLANK: [ \t]+ -> skip;

UNTERMINATED_STRING: '"' (~["\\\r\n] | '\\' ~[\r\n])*;
UNKNOWN: .;

fragment EXPONENT: [eE] [+-]? [0-9]+;
