#pragma once

// The compiler: mappings as text to plans. Links ANTLR, and shows nothing of it.
//
//     compile        a text, and what it uses, to plans          compiler/compile.h
//     load_mapping   a file, a plan or `std:NAME` to a plan      compiler/load_mapping.h

#include "compiler/compile.h"
#include "compiler/load_mapping.h"
#include "omap/runtime.h"
