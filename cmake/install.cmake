# The package: find_package(omap COMPONENTS runtime compiler torch), and pkg-config. Relocatable: it knows no path.
include(CMakePackageConfigHelpers)

set(omap_components runtime compiler)
set(omap_runtime_targets omap_diagnostics omap_plan omap_runtime)
set(omap_compiler_targets omap_antlr omap_standard_mappings omap_compiler)
set(omap_torch_targets omap_torch)
if(OMAP_TORCH)
  list(APPEND omap_components torch)
endif()

set(omap_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/omap")
foreach(component IN LISTS omap_components)
  foreach(target IN LISTS omap_${component}_targets)
    string(REPLACE omap_ "" name "${target}")
    set_target_properties("${target}" PROPERTIES EXPORT_NAME "${name}")
    # <omap/runtime.h>, and what it includes: "runtime/plan/plan.h".
    target_include_directories("${target}" INTERFACE
      "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR};${CMAKE_INSTALL_INCLUDEDIR}/omap>")
    target_compile_features("${target}" PUBLIC cxx_std_20)
  endforeach()
  install(TARGETS ${omap_${component}_targets} EXPORT "omap-${component}" ARCHIVE COMPONENT "${component}")
  install(EXPORT "omap-${component}" NAMESPACE omap:: DESTINATION "${omap_package_dir}" COMPONENT "${component}")
  install(FILES "${PROJECT_SOURCE_DIR}/include/omap/${component}.h" COMPONENT "${component}"
          DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/omap")
endforeach()

set(omap_headers "${CMAKE_INSTALL_INCLUDEDIR}/omap")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/diagnostics" "${PROJECT_SOURCE_DIR}/runtime" COMPONENT runtime
        DESTINATION "${omap_headers}" FILES_MATCHING PATTERN "*.h" PATTERN "*.def" REGEX "/runtime/torch$" EXCLUDE)
install(FILES "${PROJECT_SOURCE_DIR}/compiler/compile.h" "${PROJECT_SOURCE_DIR}/compiler/load_mapping.h"
        COMPONENT compiler DESTINATION "${omap_headers}/compiler")
if(OMAP_TORCH)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/runtime/torch" COMPONENT torch
          DESTINATION "${omap_headers}/runtime" FILES_MATCHING PATTERN "*.h")
endif()

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/omap-config.cmake.in"
  "${PROJECT_BINARY_DIR}/package/omap-config.cmake" INSTALL_DESTINATION "${omap_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/omap-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/package/omap-config.cmake" "${PROJECT_BINARY_DIR}/package/omap-config-version.cmake"
        COMPONENT runtime DESTINATION "${omap_package_dir}")

# From where a .pc file lies to the prefix that the package was moved to.
file(RELATIVE_PATH pkgconfig_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
foreach(component IN ITEMS runtime compiler)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/omap-${component}.pc.in"
    "${PROJECT_BINARY_DIR}/package/omap-${component}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/package/omap-${component}.pc" COMPONENT "${component}"
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
