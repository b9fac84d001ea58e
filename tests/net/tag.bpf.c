// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs for tc that put packets for VIPs into VLAN 100 and take tags off, where the kernel has no VLAN
 * devices.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define CUSTOMER_TAG 100
#define SERVICE_TAG  200

/* 203.0.113.0/24 and 2001:db8::/64, see net.sh */
static __always_inline int is_for_vip(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ipv6 = (void *)(eth + 1);
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > end)
		return 0;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return (ip->daddr & bpf_htonl(0xffffff00)) == bpf_htonl(0xcb007100);
	return eth->h_proto == bpf_htons(ETH_P_IPV6) && (void *)(ipv6 + 1) <= end &&
	       ipv6->daddr.in6_u.u6_addr32[0] == bpf_htonl(0x20010db8) &&
	       !ipv6->daddr.in6_u.u6_addr32[1];
}

SEC("tc/tag")
int tag(struct __sk_buff *skb)
{
	if (is_for_vip(skb))
		bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), CUSTOMER_TAG);
	return TC_ACT_OK;
}

SEC("tc/tag_twice")
int tag_twice(struct __sk_buff *skb)
{
	if (is_for_vip(skb) && !bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), CUSTOMER_TAG))
		bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), SERVICE_TAG);
	return TC_ACT_OK;
}

SEC("tc/untag")
int untag(struct __sk_buff *skb)
{
	/* A frame without a tag stays as it is. */
	bpf_skb_vlan_pop(skb);
	bpf_skb_vlan_pop(skb);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
