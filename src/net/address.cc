#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

namespace quern::net {
namespace {

struct Block4 {
  uint32_t first;
  int bits;
};

constexpr uint32_t Ip(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

/// IANA's special-purpose registry, with groups (224/4) and reserved addresses (240/4).
constexpr Block4 kSpecial4[] = {
    {Ip(0, 0, 0, 0), 8},      {Ip(10, 0, 0, 0), 8},     {Ip(100, 64, 0, 0), 10},
    {Ip(127, 0, 0, 0), 8},    {Ip(169, 254, 0, 0), 16}, {Ip(172, 16, 0, 0), 12},
    {Ip(192, 0, 0, 0), 24},   {Ip(192, 0, 2, 0), 24},   {Ip(192, 88, 99, 0), 24},
    {Ip(192, 168, 0, 0), 16}, {Ip(198, 18, 0, 0), 15},  {Ip(198, 51, 100, 0), 24},
    {Ip(203, 0, 113, 0), 24}, {Ip(224, 0, 0, 0), 4},    {Ip(240, 0, 0, 0), 4}};

bool IsPublic4(uint32_t address) {
  return std::none_of(std::begin(kSpecial4), std::end(kSpecial4), [&](const Block4& block) {
    return (address ^ block.first) >> (32 - block.bits) == 0;
  });
}

using Bytes16 = std::array<uint8_t, 16>;

struct Block6 {
  Bytes16 first;
  int bits;
};

bool Within(const Bytes16& address, const Block6& block) {
  for (int bit = 0; bit < block.bits; ++bit) {
    const auto byte = static_cast<size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((address[byte] & mask) != (block.first[byte] & mask)) return false;
  }
  return true;
}

/// Global unicast is 2000::/3; these blocks of it are not the public internet's.
constexpr Block6 kGlobal6{{0x20}, 3};
constexpr Block6 kSpecial6[] = {
    {{0x20, 0x01, 0x00}, 23}, {{0x20, 0x01, 0x0d, 0xb8}, 32}, {{0x3f, 0xff}, 20}};
/// Forms that carry an IPv4 address, and at which byte: mapped, NAT64, 6to4.
constexpr Block6 kMapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr Block6 kNat64{{0x00, 0x64, 0xff, 0x9b}, 96};
constexpr Block6 k6to4{{0x20, 0x02}, 16};

uint32_t Carried4(const Bytes16& address, size_t at) {
  return Ip(address[at], address[at + 1], address[at + 2], address[at + 3]);
}

bool IsPublic6(const Bytes16& address) {
  if (Within(address, kMapped) || Within(address, kNat64)) {
    return IsPublic4(Carried4(address, 12));
  }
  if (Within(address, k6to4)) return IsPublic4(Carried4(address, 2));
  return Within(address, kGlobal6) &&
         std::none_of(std::begin(kSpecial6), std::end(kSpecial6),
                      [&](const Block6& block) { return Within(address, block); });
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

}  // namespace

bool IsPublicAddress(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, address, sizeof four);
    return IsPublic4(ntohl(four.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, address, sizeof six);
    Bytes16 bytes{};
    std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
    return IsPublic6(bytes);
  }
  return false;
}

bool IsPublicAddress(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));  // a zone is not part of it
  in_addr four{};
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) return IsPublic4(ntohl(four.s_addr));
  Bytes16 six{};
  return inet_pton(AF_INET6, text.c_str(), six.data()) == 1 && IsPublic6(six);
}

Result<std::vector<std::string>> ResolveHost(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  const int failed = getaddrinfo(host.c_str(), nullptr, &hints, &raw);
  if (failed != 0) {
    return Fail(Code::kUnavailable,
                "cannot resolve the host '" + host + "': " + gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, FreeAddresses> list(raw);
  std::vector<std::string> addresses;
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  if (addresses.empty()) {
    return Fail(Code::kUnavailable, "the host '" + host + "' has no address");
  }
  return addresses;
}

}  // namespace quern::net
