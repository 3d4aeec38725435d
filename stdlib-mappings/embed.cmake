# Writes OUTPUT, a source file with the texts of FILES (sorted by name) as raw strings.
set(entries)
foreach(file IN LISTS FILES)
  file(READ "${file}" text)
  get_filename_component(name "${file}" NAME_WE)
  string(APPEND entries "    {\"${name}\", R\"omap(${text})omap\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"stdlib-mappings/standard_mappings.h\"

namespace omap {

std::span<const StandardMapping> standard_mappings() {
  static constexpr StandardMapping mappings[] = {
${entries}  };
  return mappings;
}

}  // namespace omap
")
