# Writes OUTPUT: a C++ table of the SQL files in FOLDER, sorted by name. Run with cmake -P.
file(GLOB files ${FOLDER}/*.sql)
list(SORT files)
set(text "#include \"store/migrations.h\"\n\n#include <array>\n\nnamespace quern::store {\n\n")
set(rows "")
set(count 0)
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} sql)
  string(APPEND rows "    Migration{\"${name}\", R\"quern(${sql})quern\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
string(APPEND text "std::span<const Migration> Migrations() {\n"
  "  static const std::array<Migration, ${count}> kMigrations{\n${rows}  };\n"
  "  return kMigrations;\n}\n\n}  // namespace quern::store\n")
file(WRITE ${OUTPUT} "${text}")
