#include "store/libpq.h"

#include <dlfcn.h>

#include <string>

namespace quern::store {
namespace {

constexpr char kLibrary[] = "libpq.so.5";

class Loader {
 public:
  Loader() : handle_(dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) NoteError();
  }

  template <class Function>
  void Find(Function& into, const char* name) {
    if (handle_ == nullptr) return;
    into = reinterpret_cast<Function>(dlsym(handle_, name));
    if (into == nullptr) NoteError();
  }

  /// Empty if all went well.
  const std::string& error() const { return error_; }

 private:
  void NoteError() {
    const char* text = dlerror();
    error_ = text == nullptr ? "unknown reason" : text;
  }

  void* handle_;
  std::string error_;
};

struct Loaded {
  Libpq libpq{};
  std::string error;

  Loaded() {
    Loader loader;
    loader.Find(libpq.connect_params, "PQconnectdbParams");
    loader.Find(libpq.parse_uri, "PQconninfoParse");
    loader.Find(libpq.free_options, "PQconninfoFree");
    loader.Find(libpq.finish, "PQfinish");
    loader.Find(libpq.status, "PQstatus");
    loader.Find(libpq.transaction_status, "PQtransactionStatus");
    loader.Find(libpq.server_version, "PQserverVersion");
    loader.Find(libpq.parameter_status, "PQparameterStatus");
    loader.Find(libpq.error_message, "PQerrorMessage");
    loader.Find(libpq.set_notice_receiver, "PQsetNoticeReceiver");
    loader.Find(libpq.exec, "PQexec");
    loader.Find(libpq.set_nonblocking, "PQsetnonblocking");
    loader.Find(libpq.socket, "PQsocket");
    loader.Find(libpq.flush, "PQflush");
    loader.Find(libpq.is_busy, "PQisBusy");
    loader.Find(libpq.consume_input, "PQconsumeInput");
    loader.Find(libpq.send_query, "PQsendQuery");
    loader.Find(libpq.send_prepare, "PQsendPrepare");
    loader.Find(libpq.send_query_prepared, "PQsendQueryPrepared");
    loader.Find(libpq.set_single_row_mode, "PQsetSingleRowMode");
    loader.Find(libpq.get_result, "PQgetResult");
    loader.Find(libpq.get_copy_data, "PQgetCopyData");
    loader.Find(libpq.put_copy_data, "PQputCopyData");
    loader.Find(libpq.put_copy_end, "PQputCopyEnd");
    loader.Find(libpq.clear, "PQclear");
    loader.Find(libpq.result_status, "PQresultStatus");
    loader.Find(libpq.result_error_field, "PQresultErrorField");
    loader.Find(libpq.command_status, "PQcmdStatus");
    loader.Find(libpq.row_count, "PQntuples");
    loader.Find(libpq.is_null, "PQgetisnull");
    loader.Find(libpq.length, "PQgetlength");
    loader.Find(libpq.value, "PQgetvalue");
    loader.Find(libpq.type, "PQftype");
    loader.Find(libpq.free_memory, "PQfreemem");
    error = loader.error();
  }
};

}  // namespace

Result<const Libpq*> LoadLibpq() {
  static const Loaded loaded;
  if (loaded.error.empty()) return &loaded.libpq;
  return Fail(Code::kFailedPrecondition,
              "PostgreSQL's client library cannot be loaded: " + loaded.error,
              "install it (Debian: apt-get install libpq5)");
}

}  // namespace quern::store
