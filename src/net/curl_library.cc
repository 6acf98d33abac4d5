#include "net/curl_library.h"

#include <dlfcn.h>

#include <string>

namespace quern::net {
namespace {

std::unexpected<Error> CannotLoad() {
  const char* why = dlerror();
  return Fail(Code::kUnavailable,
              "cannot load libcurl, which sends requests to other servers: " +
                  std::string(why != nullptr ? why : "unknown reason"),
              "install Debian's package libcurl4");
}

template <class Function>
bool Find(void* library, const char* name, Function* function) {
  // POSIX lets a pointer to an object that dlsym gives be one to a function.
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr;
}

Result<CurlLibrary> Load() {
  void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return CannotLoad();
  CurlLibrary curl{};
  bool good = Find(library, "curl_global_init", &curl.global_init);
  good = good && Find(library, "curl_easy_init", &curl.easy_init);
  good = good && Find(library, "curl_easy_cleanup", &curl.easy_cleanup);
  good = good && Find(library, "curl_easy_setopt", &curl.easy_setopt);
  good = good && Find(library, "curl_easy_perform", &curl.easy_perform);
  good = good && Find(library, "curl_easy_reset", &curl.easy_reset);
  good = good && Find(library, "curl_easy_getinfo", &curl.easy_getinfo);
  good = good && Find(library, "curl_easy_strerror", &curl.easy_strerror);
  good = good && Find(library, "curl_slist_append", &curl.slist_append);
  good = good && Find(library, "curl_slist_free_all", &curl.slist_free_all);
  good = good && Find(library, "curl_multi_init", &curl.multi_init);
  good = good && Find(library, "curl_multi_cleanup", &curl.multi_cleanup);
  good = good && Find(library, "curl_multi_setopt", &curl.multi_setopt);
  good = good && Find(library, "curl_multi_add_handle", &curl.multi_add_handle);
  good = good && Find(library, "curl_multi_remove_handle", &curl.multi_remove_handle);
  good = good && Find(library, "curl_multi_perform", &curl.multi_perform);
  good = good && Find(library, "curl_multi_poll", &curl.multi_poll);
  good = good && Find(library, "curl_multi_wakeup", &curl.multi_wakeup);
  good = good && Find(library, "curl_multi_info_read", &curl.multi_info_read);
  if (!good) return CannotLoad();
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return Fail(Code::kUnavailable, "libcurl cannot begin its work");
  }
  return curl;
}

}  // namespace

Result<const CurlLibrary*> CurlLibrary::Get() {
  static const Result<CurlLibrary> loaded = Load();
  if (!loaded) return std::unexpected(loaded.error());
  return &*loaded;
}

}  // namespace quern::net
