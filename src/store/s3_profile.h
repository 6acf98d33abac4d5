#pragma once
// Inside of store/ only: credentials of an object store as its command line tools keep them.
#include <functional>
#include <string>

#include "base/fs.h"
#include "base/result.h"
#include "store/s3_sign.h"

namespace quern::store {

/// What the files say; "" for what they do not.
struct S3Profile {
  S3Credentials credentials;
  std::string region;
};

/// The profile AWS_PROFILE, else `default`, of the files ~/.aws/credentials and ~/.aws/config, or
/// of those that AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name. `get` gives a variable's
/// value or "". Files and a `default` that are not there are no error; a profile that was asked for
/// and is in neither is kInvalidArgument. No message holds what a file says.
Result<S3Profile> ReadS3Profile(const std::function<std::string(const std::string&)>& get, Fs& fs);

}  // namespace quern::store
