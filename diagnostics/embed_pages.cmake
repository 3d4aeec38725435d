# Writes OUTPUT, a source file with the texts of FOLDER/OMxxxx.md as raw strings.
file(GLOB pages "${FOLDER}/OM*.md")
set(cases)
foreach(page IN LISTS pages)
  file(READ "${page}" text)
  get_filename_component(code "${page}" NAME_WE)
  string(REPLACE "OM" "" number "${code}")
  string(APPEND cases "    case ${number}:\n      return R\"omap(${text})omap\";\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"diagnostics/pages.h\"

namespace omap {

std::string_view page_of(Code code) {
  switch (static_cast<unsigned>(code)) {
${cases}    default:
      return {};
  }
}

}  // namespace omap
")
