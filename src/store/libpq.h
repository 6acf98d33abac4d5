#pragma once
// Inside of store/ only: PostgreSQL's client library. It is loaded when a database of PostgreSQL is
// opened: the twenty libraries that it brings would cost every other start of the program 10 ms.
#include <libpq-fe.h>

#include <memory>

#include "base/result.h"

namespace quern::store {

/// The functions of libpq that are used, by their own names.
struct Libpq {
  decltype(&PQconnectdbParams) connect_params;
  decltype(&PQconninfoParse) parse_uri;
  decltype(&PQconninfoFree) free_options;
  decltype(&PQfinish) finish;
  decltype(&PQstatus) status;
  decltype(&PQtransactionStatus) transaction_status;
  decltype(&PQserverVersion) server_version;
  decltype(&PQparameterStatus) parameter_status;
  decltype(&PQerrorMessage) error_message;
  decltype(&PQsetNoticeReceiver) set_notice_receiver;
  decltype(&PQexec) exec;
  decltype(&PQsetnonblocking) set_nonblocking;
  decltype(&PQsocket) socket;
  decltype(&PQflush) flush;
  decltype(&PQisBusy) is_busy;
  decltype(&PQconsumeInput) consume_input;
  decltype(&PQsendQuery) send_query;
  decltype(&PQsendPrepare) send_prepare;
  decltype(&PQsendQueryPrepared) send_query_prepared;
  decltype(&PQsetSingleRowMode) set_single_row_mode;
  decltype(&PQgetResult) get_result;
  decltype(&PQgetCopyData) get_copy_data;
  decltype(&PQputCopyData) put_copy_data;
  decltype(&PQputCopyEnd) put_copy_end;
  decltype(&PQclear) clear;
  decltype(&PQresultStatus) result_status;
  decltype(&PQresultErrorField) result_error_field;
  decltype(&PQcmdStatus) command_status;
  decltype(&PQntuples) row_count;
  decltype(&PQgetisnull) is_null;
  decltype(&PQgetlength) length;
  decltype(&PQgetvalue) value;
  decltype(&PQftype) type;
  decltype(&PQfreemem) free_memory;
};

/// Loaded once. kFailedPrecondition if the library is not installed.
Result<const Libpq*> LoadLibpq();

struct ClearResult {
  const Libpq* libpq;
  void operator()(PGresult* result) const { libpq->clear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

}  // namespace quern::store
