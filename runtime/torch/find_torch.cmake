# The target `torch`. Debian's LibTorch, or the one at OMAP_TORCH_PATH. Where both are there, a plain find_package mixes
# them (the one's headers, the other's libraries), and programs abort at start: the system's paths are left out then.
if(OMAP_TORCH_PATH)
  set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH OFF)
  list(PREPEND CMAKE_PREFIX_PATH "${OMAP_TORCH_PATH}")
endif()
find_package(Torch REQUIRED)
unset(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH)

# A LibTorch that was built with the old ABI of std::string takes none of this compiler's strings: programs would fail to
# link with hundreds of undefined symbols, or at run time.
if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
  message(FATAL_ERROR
    "this LibTorch was built with the old C++ ABI (_GLIBCXX_USE_CXX11_ABI=0), and omap is built with the new one: take "
    "a LibTorch of the cxx11 ABI (PyPI's torch from 2.7 on, the `cxx11-abi` archives, or Debian's libtorch-dev)")
endif()
