# Writes OUTPUT: a C++ table of the files of FOLDER/data, then FOLDER/quern.yaml. Run with cmake -P.
file(GLOB files RELATIVE ${FOLDER} ${FOLDER}/data/*)
list(SORT files)
list(APPEND files quern.yaml)
set(rows "")
list(LENGTH files count)
foreach(name ${files})
  file(READ ${FOLDER}/${name} text)
  string(LENGTH "${text}" size)
  if(size GREATER 65536)
    message(FATAL_ERROR "${FOLDER}/${name} has more characters than a literal surely may")
  endif()
  string(APPEND rows "    DemoFile{\"${name}\", R\"quern(${text})quern\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"cli/demo_files.h\"\n\n#include <array>\n\nnamespace quern::cli {\n\n"
  "std::span<const DemoFile> DemoFiles() {\n  static constexpr std::array<DemoFile, ${count}> kFiles{\n${rows}  };\n"
  "  return kFiles;\n}\n\n}  // namespace quern::cli\n")
