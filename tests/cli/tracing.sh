# Sourced by tests that trace system calls: ends them with status 77 where nothing can be traced.

if ! strace -qq -f -o /dev/null -e trace=openat -e inject=openat:error=EIO:when=60000 true 2>/dev/null; then
  echo "skipped: there is no strace, or it may not trace"
  exit 77
fi
# The leak sanitizer does not run under it.
export ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}
